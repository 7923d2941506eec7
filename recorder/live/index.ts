export { type CleanupReport, cleanup } from './cleanup.js';
export { type Check, type Diagnosis, diagnose, type GroupCheck } from './diagnosis.js';
export {
  type FlightDump,
  type FlightObserver,
  type FlightOptions,
  type FlightReport,
  flight,
} from './flight-recorder.js';
export { runningRecorders } from './instance-owner.js';
export {
  DEFAULT_BUFFER_KIB,
  DEFAULT_GROUPS,
  FlushRequest,
  type RecordOptions,
} from './record-options.js';
export {
  type RecordObserver,
  type RecordReport,
  type RecordStatus,
  record,
} from './record-session.js';
export { type RunAs, runAs } from './run-as.js';
export { requireTracefs } from './tracefs.js';
export { parseTrigger } from './trigger.js';
