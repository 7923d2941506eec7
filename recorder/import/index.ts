/**
 * The public face of import/, for code that needs nothing else of recorder/: loading the rest takes
 * time.
 */
export { IMPORTERS } from './formats.js';
export {
  type ImportOptions,
  type ImportResult,
  importInput,
} from './import-input.js';
export type { Importer, ImportReport } from './importer.js';
export { detect as detectFormat } from './recognise.js';
