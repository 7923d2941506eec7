import type { TraceRecord } from '../../mapping/record.js';
import { HASH, NEWLINE, startsWith, TAB } from './ascii.js';
import { type Layout, Place } from './prefix.js';
import { emptyRecord } from './record-time.js';

const LINES_LOOKED_AT = 400;
/** A layout that fits nearly as many lines as the best one is taken if it stands before it. */
const NEARLY = 0.8;

/** The layout of the first lines, and what share of them has it. */
export function findLayout(
  head: Buffer,
  layouts: readonly Layout[],
): { layout: Layout; share: number } | null {
  const starts = lineStarts(head);
  const counts = layouts.map((layout) => starts.filter((at) => fits(layout, head, at)).length);
  const most = Math.max(...counts);
  if (most === 0) return null;
  // The laxer layouts come last and fit nearly everything that the stricter ones fit.
  const best = counts.findIndex((count) => count >= most * NEARLY);
  return { layout: layouts[best], share: counts[best] / starts.length };
}

function fits(layout: Layout, head: Buffer, at: number): boolean {
  const record: TraceRecord = emptyRecord();
  return (
    layout.starts(head, at, head.byteLength) &&
    layout.read(head, at, head.byteLength, record, new Place())
  );
}

/** A function of a stack, as ftrace prints it under a record; perf begins such lines with a tab. */
const FRAME = ' => ';

/**
 * Where the first lines begin that are neither empty nor comments nor frames of a stack: a record
 * may have a hundred frames.
 */
function lineStarts(head: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < head.byteLength && starts.length < LINES_LOOKED_AT; ) {
    const newline = head.indexOf(NEWLINE, at);
    const end = newline < 0 ? head.byteLength : newline;
    const isFrame = head[at] === TAB || startsWith(head, at, end, FRAME);
    if (end > at && head[at] !== HASH && !isFrame) starts.push(at);
    at = end + 1;
  }
  return starts;
}
