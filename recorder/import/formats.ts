import { ftraceText } from './ftrace/index.js';
import type { Importer } from './importer.js';
import { qemuSimpletrace } from './qemu/simpletrace.js';
import { qemuText } from './qemu/text.js';
import { strace } from './strace/index.js';
import { traceDat } from './tracedat/index.js';

/** Every input format, in the order in which `vfr import --list` shows them. */
export const IMPORTERS: readonly Importer[] = [
  traceDat,
  ftraceText,
  qemuText,
  qemuSimpletrace,
  strace,
];
