export { type AerReport, aerAgent } from './aer-agent.js';
export {
  CHANNEL,
  channelOf,
  ERS,
  recoveryResults,
  type Severity,
  severityOf,
  type Vote,
} from './recovery-votes.js';
