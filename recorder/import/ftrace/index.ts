/** Text of ftrace: `trace`, `trace_pipe`, and `trace-cmd report`, in all their variants. */
import { RecordMapper } from '../../mapping/record-mapper.js';
import type { Importer, InputMeta } from '../importer.js';
import { findLayout } from './find-layout.js';
import { LAYOUTS, type Layout } from './prefix-layouts.js';
import { TextReader } from './text-reader.js';

const HEADER = /^(?:# tracer: |# event histogram|cpus=\d+\n)/;
const TRACER = /^# tracer: (\w+)/m;
const KERNEL = /^# \w+ latency trace v\S+ on (\S+)/m;
/**
 * Clocks whose times are plain numbers print no point: counter, uptime (jiffies), x86-tsc. Also in
 * `latency-format`, where the CPU has no brackets, and in `verbose`.
 */
const PLAIN_TIMES = [
  /^.{16}-\d+ .*\[\d+\] *(?:\S+ +)?\d+: /m,
  /^.{8}-\d+ +\d\S* +\d+: /m,
  /^.{16} +\d+ +\d+ \d .*\[[0-9a-f]+\] \d+ \(\+\d+\): /m,
];
/** ftrace counts from the buffer's start in `latency-format`; trace-cmd prints the clock's time. */
const SINCE_START = /^.{8}-\d+ +\d\S* +\d+us.: /m;
/** A text without a header counts as ftrace from this share of lines in one layout on. */
const SHARE_MIN = 0.25;

export const ftraceText: Importer = {
  format: 'ftrace',
  describe: 'text of ftrace (trace, trace_pipe) and of trace-cmd report',
  clock:
    '`unknown`: the text does not name it; `ticks`, `relative` or `none` where that can be seen',
  needs: 'stream',
  sample: 'ftrace/default.txt.zst',
  detect(head) {
    const text = head.toString('latin1', 0, 64);
    if (HEADER.test(text)) return 0.95;
    const best = findLayout(head, LAYOUTS);
    if (best === null || best.share < SHARE_MIN) return 0;
    return best.layout.name === 'bare' ? 0.1 : 0.5 + best.share / 4;
  },
  meta({ head }): InputMeta {
    const text = head.toString('latin1');
    const kernel = KERNEL.exec(text)?.[1];
    const tracer = TRACER.exec(text)?.[1];
    return {
      clock: clockOf(text, findLayout(head, LAYOUTS)?.layout ?? null),
      ...(kernel === undefined ? {} : { kernel }),
      ...(tracer === undefined ? {} : { notes: { tracer } }),
    };
  },
  read(input, events) {
    const layout = findLayout(input.head, LAYOUTS)?.layout ?? null;
    return new TextReader(input, new RecordMapper(events, 'ftrace-text'), events, layout).read();
  },
};

/** The text does not name its clock; only what it cannot be is seen. */
function clockOf(text: string, layout: Layout | null): string {
  if (layout === null || layout.name === 'bare') return 'none';
  if (layout.name === 'latency' && SINCE_START.test(text)) return 'relative';
  return PLAIN_TIMES.some((pattern) => pattern.test(text)) ? 'ticks' : 'unknown';
}
