/** The public face of recorder/: sources that turn something into events. */
export { IMPORTERS } from './import/formats.js';
export { type ImportOptions, type ImportResult, importInput } from './import/import.js';
export type { Importer, ImportReport } from './import/importer.js';
export { readSnapshotDirectory } from './snapshot/directory.js';
export { emitSnapshot, type MachineState } from './snapshot/snapshot.js';
export { VERSION, WRITER } from './writer.js';
