/**
 * Numbers of perf.data (kernel tools/perf/util/header.h and include/uapi/linux/perf_event.h as of
 * 6.16).
 */

export const MAGIC = Buffer.from('PERFILE2', 'latin1');
/** The same on a machine of the other byte order. */
export const MAGIC_SWAPPED = Buffer.from('2ELIFREP', 'latin1');

export const RECORD = {
  lost: 2,
  comm: 3,
  fork: 7,
  sample: 9,
  lostSamples: 13,
  /** From here on the records are perf's own. */
  headerAttr: 64,
  tracingData: 66,
  finishedRound: 68,
  auxtrace: 71,
  headerFeature: 80,
  compressed: 81,
  compressed2: 83,
} as const;

export const FEATURE = {
  tracingData: 1,
  osRelease: 4,
  version: 5,
  cmdline: 11,
  /** The records are in files of their own, one for each thread of perf. */
  dirFormat: 24,
  clockData: 29,
} as const;

/** Bits of `sample_type`. */
export const SAMPLE = {
  ip: 1 << 0,
  tid: 1 << 1,
  time: 1 << 2,
  addr: 1 << 3,
  read: 1 << 4,
  callchain: 1 << 5,
  id: 1 << 6,
  cpu: 1 << 7,
  period: 1 << 8,
  streamId: 1 << 9,
  raw: 1 << 10,
  identifier: 1 << 16,
} as const;

/** Bits of `read_format`. */
export const READ = { enabled: 1, running: 2, id: 4, group: 8, lost: 16 } as const;

/** Lost samples that a BPF filter left out on purpose (PERF_RECORD_MISC_LOST_SAMPLES_BPF). */
export const MISC_FILTERED = 1 << 15;
