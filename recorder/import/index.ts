/** The public face of import/, for who needs no more of recorder/: loading the rest takes time. */
export { IMPORTERS } from './formats.js';
export {
  detect as detectFormat,
  type ImportOptions,
  type ImportResult,
  importInput,
} from './import.js';
export type { Importer, ImportReport } from './importer.js';
