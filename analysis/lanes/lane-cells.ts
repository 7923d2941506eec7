/** Aggregates a lane to the columns of a screen. */
import type { DriverStretch, Lane, Mark, Stretch } from './lane.js';

/** What a column of a screen shows of a lane. */
export interface Cell {
  /** Whether the device existed at some time of the column. */
  readonly exists: boolean;
  /** The driver that was bound longest in the time of the column; null for no driver. */
  readonly driver: string | null;
  /** How many different drivers it had in that time. */
  readonly drivers: number;
  readonly held: boolean;
  readonly marks: readonly Mark[];
}

/** The time that a screen shows, in nanoseconds after zero. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A lane in columns of equal time. @param width how many columns; at least 1 */
export function cellsOf(lane: Lane, span: Span, width: number): Cell[] {
  const longest = longestDrivers(lane.bars, span, width);
  const present = covered(lane.present, span, width);
  const held = covered(lane.holds, span, width);
  const marks = Array.from({ length: width }, (): Mark[] => []);
  for (const mark of lane.marks) {
    if (mark.at >= span.from && mark.at <= span.to)
      marks[columnOf(mark.at, span, width)].push(mark);
  }
  return Array.from({ length: width }, (_, i) => ({
    exists: present[i] === 1 || longest[i].driver !== null,
    driver: longest[i].driver,
    drivers: longest[i].drivers.size,
    held: held[i] === 1,
    marks: marks[i],
  }));
}

/** The column of a time; times outside of the span are in the first or last one. */
export function columnOf(at: number, { from, to }: Span, width: number): number {
  const share = to === from ? 0 : (at - from) / (to - from);
  return Math.max(0, Math.min(width - 1, Math.floor(share * width)));
}

interface Longest {
  driver: string | null;
  share: number;
  readonly drivers: Set<string>;
}

function longestDrivers(bars: readonly DriverStretch[], span: Span, width: number): Longest[] {
  const cells = Array.from({ length: width }, (): Longest => {
    return { driver: null, share: -1, drivers: new Set() };
  });
  for (const { driver, from, to } of bars) {
    const begin = from?.at ?? span.from;
    const end = to?.at ?? span.to;
    if (end < span.from || begin > span.to) continue;
    const last = columnOf(end, span, width);
    for (let column = columnOf(begin, span, width); column <= last; column++) {
      const cell = cells[column];
      const share = overlap(begin, end, column, span, width);
      cell.drivers.add(driver);
      if (share > cell.share) Object.assign(cell, { driver, share });
    }
  }
  return cells;
}

/** Nanoseconds that a stretch has in the time of a column. */
function overlap(begin: number, end: number, column: number, span: Span, width: number): number {
  const size = (span.to - span.from) / width;
  const first = span.from + column * size;
  return Math.min(end, first + size) - Math.max(begin, first);
}

/** 1 for each column that a stretch touches. */
function covered(stretches: readonly Stretch[], span: Span, width: number): Uint8Array {
  const columns = new Uint8Array(width);
  for (const { from, to } of stretches) {
    const begin = from?.at ?? span.from;
    const end = to?.at ?? span.to;
    if (end < span.from || begin > span.to) continue;
    columns.fill(1, columnOf(begin, span, width), columnOf(end, span, width) + 1);
  }
  return columns;
}
