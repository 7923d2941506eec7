/** Text of ftrace: `trace`, `trace_pipe`, and `trace-cmd report`, in all their variants. */
import type { TraceRecord } from '../../mapping/record.js';
import type { Importer, InputMeta } from '../importer.js';
import { NEWLINE } from './ascii.js';
import { LAYOUTS, type Layout, Place } from './prefix.js';
import { TextReader } from './text-reader.js';

const HEADER = /^(?:# tracer: |# event histogram|cpus=\d+\n)/;
const TRACER = /^# tracer: (\w+)/m;
const KERNEL = /^# \w+ latency trace v\S+ on (\S+)/m;
/** Clocks whose times are plain numbers print no point: counter, uptime (jiffies), x86-tsc. */
const PLAIN_TIME = /^.{16}-\d+ .*\[\d+\] (?:\S+ )? *\d+: /m;
/** The share of lines of a layout from which on a text without a header is taken for ftrace's. */
const SHARE_MIN = 0.25;
const NEARLY = 0.8;
const LINES_LOOKED_AT = 400;

export const ftraceText: Importer = {
  format: 'ftrace',
  describe: 'text of ftrace (trace, trace_pipe) and of trace-cmd report',
  detect(head) {
    const text = head.toString('latin1', 0, 64);
    if (HEADER.test(text)) return 0.95;
    const best = findLayout(head);
    if (best === null || best.share < SHARE_MIN) return 0;
    return best.layout.name === 'bare' ? 0.1 : 0.5 + best.share / 4;
  },
  meta({ head }): InputMeta {
    const text = head.toString('latin1');
    const kernel = KERNEL.exec(text)?.[1];
    const tracer = TRACER.exec(text)?.[1];
    return {
      clock: clockOf(text, findLayout(head)?.layout ?? null),
      ...(kernel === undefined ? {} : { kernel }),
      ...(tracer === undefined ? {} : { notes: { tracer } }),
    };
  },
  read(input, events) {
    events.source('ftrace-text');
    return new TextReader(input, events, findLayout(input.head)?.layout ?? null).read();
  },
};

/** The text does not name its clock; only what it cannot be is seen. */
function clockOf(text: string, layout: Layout | null): string {
  if (layout === null || layout.name === 'bare') return 'none';
  if (layout.name === 'latency') return 'relative';
  return PLAIN_TIME.test(text) ? 'ticks' : 'unknown';
}

/** The layout of the first lines, and what share of them has it. */
function findLayout(head: Buffer): { layout: Layout; share: number } | null {
  const starts = lineStarts(head);
  const counts = LAYOUTS.map((layout) => starts.filter((at) => fits(layout, head, at)).length);
  const most = Math.max(...counts);
  if (most === 0) return null;
  // The laxer layouts come last and fit nearly everything that the stricter ones fit.
  const best = counts.findIndex((count) => count >= most * NEARLY);
  return { layout: LAYOUTS[best], share: counts[best] / starts.length };
}

function fits(layout: Layout, head: Buffer, at: number): boolean {
  const record: TraceRecord = { cpu: -1, tid: -1, tgid: -1, task: -1, tsLow: 0, tsHigh: 0 };
  return (
    layout.starts(head, at, head.byteLength) &&
    layout.read(head, at, head.byteLength, record, new Place())
  );
}

/** Where the first lines begin that are neither empty nor comments. */
function lineStarts(head: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < head.byteLength && starts.length < LINES_LOOKED_AT; ) {
    const newline = head.indexOf(NEWLINE, at);
    const end = newline < 0 ? head.byteLength : newline;
    if (end > at && head[at] !== 0x23) starts.push(at);
    at = end + 1;
  }
  return starts;
}
