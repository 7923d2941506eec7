export { type CleanupReport, cleanup } from './cleanup.js';
export { type Check, type Diagnosis, diagnose, type GroupCheck } from './doctor.js';
export {
  type FlightDump,
  type FlightObserver,
  type FlightOptions,
  type FlightReport,
  flight,
} from './flight.js';
export { DEFAULT_BUFFER_KIB, DEFAULT_GROUPS, FlushRequest, type RecordOptions } from './options.js';
export { runningRecorders } from './owner.js';
export { type RunAs, runAs } from './run-as.js';
export {
  type RecordObserver,
  type RecordReport,
  type RecordStatus,
  record,
} from './session.js';
export { requireTracefs } from './tracefs.js';
export { parseTrigger } from './trigger.js';
