import { ftraceText } from './ftrace/index.js';
import type { Importer } from './importer.js';

/** Every input format, in the order in which `vfr import --list` shows them. */
export const IMPORTERS: readonly Importer[] = [ftraceText];
