import type { TraceRecord } from '../../mapping/trace-record.js';
import { HASH, NEWLINE, startsWith, TAB } from './ascii.js';
import { type Layout, PrefixSpans } from './prefix-layouts.js';
import { emptyRecord } from './record-time.js';

const LINES_LOOKED_AT = 400;
/**
 * A layout that fits nearly as many lines as the best one is preferred if it comes first in the
 * list.
 */
const NEARLY = 0.8;
/** If fewer lines begin with a layout, it is also searched for within the lines. */
const RARE = 0.25;

/** Records in lines that begin with something else, from which on a text is of their layout. */
const FOUND_MIN = 2;

export interface FoundLayout {
  readonly layout: Layout;
  /** The share of lines that have it. */
  readonly share: number;
}

/**
 * Determines the layout of the first lines. If almost no line begins with a record, this tries
 * layouts whose records follow something else: the time and name of a console or a log, or a
 * prompt.
 */
export function findLayout(head: Buffer, layouts: readonly Layout[]): FoundLayout | null {
  const starts = lineStarts(head);
  const best = bestOf(
    layouts,
    starts.length,
    (layout) => starts.filter((at) => fits(layout, head, at)).length,
  );
  if (best !== null && best.share >= RARE) return best;
  const found = layouts.filter(({ find }) => find !== undefined);
  const behind = bestOf(found, starts.length, (layout) => countFound(layout, head, starts));
  if (behind === null || behind.share * starts.length < FOUND_MIN) return best;
  return best === null || behind.share > best.share / NEARLY ? behind : best;
}

function bestOf(
  layouts: readonly Layout[],
  lines: number,
  count: (layout: Layout) => number,
): FoundLayout | null {
  const counts = layouts.map(count);
  const most = Math.max(0, ...counts);
  if (most === 0) return null;
  // The laxer layouts come last and fit nearly everything that the stricter ones fit.
  const best = counts.findIndex((number) => number >= most * NEARLY);
  return { layout: layouts[best], share: counts[best] / lines };
}

function countFound(layout: Layout, head: Buffer, starts: readonly number[]): number {
  const [record, place] = [emptyRecord(), new PrefixSpans()];
  const isIn = (at: number) => {
    const newline = head.indexOf(NEWLINE, at);
    const end = newline < 0 ? head.byteLength : newline;
    return layout.find?.(head, at, end, record, place) === true;
  };
  return starts.filter(isIn).length;
}

function fits(layout: Layout, head: Buffer, at: number): boolean {
  const record: TraceRecord = emptyRecord();
  return (
    layout.starts(head, at, head.byteLength) &&
    layout.read(head, at, head.byteLength, record, new PrefixSpans())
  );
}

/** A function of a stack, as ftrace prints it under a record; perf begins such lines with a tab. */
const FRAME = ' => ';

/**
 * Starts of the first lines that are not empty, not comments and not frames of a stack: a record
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
