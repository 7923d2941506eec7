export { type CleanupReport, cleanup } from './cleanup.js';
export { type Check, type Diagnosis, diagnose, type GroupCheck } from './doctor.js';
export { DEFAULT_BUFFER_KIB, DEFAULT_GROUPS, type RecordOptions } from './options.js';
export {
  type RecordObserver,
  type RecordReport,
  type RecordStatus,
  record,
} from './session.js';
export { requireTracefs } from './tracefs.js';
