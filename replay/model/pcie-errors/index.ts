export {
  CHANNEL,
  channelOf,
  ERS,
  recoveryResults,
  type Severity,
  severityOf,
  type Vote,
} from './recovery-votes.js';
