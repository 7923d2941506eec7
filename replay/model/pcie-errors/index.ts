export {
  CHANNEL,
  channelOf,
  ERS,
  recoveryResults,
  type Severity,
  severityOf,
  type Vote,
} from './recovery.js';
