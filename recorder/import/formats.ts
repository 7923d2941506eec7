import { dmesg } from './dmesg/index.js';
import { ftraceText } from './ftrace/index.js';
import type { Importer } from './importer.js';
import { journalExport } from './journal/journal-export.js';
import { journalVerbose } from './journal/journal-verbose.js';
import { kernelJson } from './journal/log-json.js';
import { configSpace } from './lspci/config-file.js';
import { lspci } from './lspci/index.js';
import { mmiotrace } from './mmiotrace/index.js';
import { perfScript } from './perf/index.js';
import { perfData } from './perf-data/index.js';
import { perfetto } from './perfetto/index.js';
import { qemuText } from './qemu/qemu-text.js';
import { qemuSimpletrace } from './qemu/simpletrace.js';
import { strace } from './strace/index.js';
import { traceDat } from './tracedat/index.js';
import { udevadm } from './udevadm/index.js';

/**
 * Every input format, in the order of `vfr import --list` and docs/import.md. The formats of this
 * list are detected, listed, documented and fuzzed; no other file names the importers.
 */
export const IMPORTERS: readonly Importer[] = [
  traceDat,
  ftraceText,
  perfScript,
  perfData,
  perfetto,
  qemuText,
  qemuSimpletrace,
  strace,
  dmesg,
  kernelJson,
  journalExport,
  journalVerbose,
  mmiotrace,
  lspci,
  configSpace,
  udevadm,
];
