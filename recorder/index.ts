/** The public face of recorder/: sources that turn something into events. */

export {
  type Alignment,
  type AlignmentReport,
  alignedMeta,
  alignRecordings,
  describeAlignment,
  writeAligned,
} from './align/index.js';
export { PROBE_GROUPS, type ProbeGroup } from './catalogue/index.js';
export {
  detectFormat,
  IMPORTERS,
  type Importer,
  type ImportOptions,
  type ImportReport,
  type ImportResult,
  importInput,
} from './import/index.js';
export {
  type Check,
  type CleanupReport,
  cleanup,
  DEFAULT_BUFFER_KIB,
  DEFAULT_GROUPS,
  type Diagnosis,
  diagnose,
  type FlightDump,
  type FlightObserver,
  type FlightOptions,
  type FlightReport,
  FlushRequest,
  flight,
  type GroupCheck,
  type RecordObserver,
  type RecordOptions,
  type RecordReport,
  type RecordStatus,
  type RunAs,
  record,
  requireTracefs,
  runAs,
  runningRecorders,
} from './live/index.js';
export { emitSnapshot, type MachineState } from './snapshot/emit-snapshot.js';
export { readSnapshotDirectory } from './snapshot/snapshot-directory.js';
export { VERSION, WRITER } from './writer-name.js';
