/** A lane as rectangles and signs within a time, aggregated where it has many. */
import {
  columnOf,
  type DriverStretch,
  type Edge,
  type Lane,
  type Mark,
  type Span,
  type Stretch,
} from '../lanes/index.js';
import { duration, visible } from './markup.js';

/** A rectangle of a lane. Times are seconds after zero. */
export interface Bar {
  readonly row: number;
  readonly x1: number;
  readonly x2: number;
  readonly driver: string;
  readonly title: string;
}

export interface Sign {
  readonly row: number;
  readonly x: number;
  readonly kind: Mark['kind'];
  readonly title: string;
}

/** Columns that a lane is divided into when it has more parts than that. */
const COLUMNS = 600;

export const seconds = (at: number): number => at / 1e9;

/** The stretches of a lane within a time, each as one rectangle; short neighbours become one. */
export function barsOf(row: number, stretches: readonly DriverStretch[], span: Span): Bar[] {
  const shown = stretches.filter((stretch) => isWithin(stretch, span));
  const bars = shown.map((stretch) => ({ ...limits(stretch, span), row, ...named(stretch) }));
  return shown.length <= COLUMNS ? bars : merged(bars, span);
}

const named = (stretch: DriverStretch) => ({ driver: stretch.driver, title: titleOf(stretch) });

/** The times when a lane was held through VFIO, or existed. */
export const partsOf = (row: number, stretches: readonly Stretch[], what: string, span: Span) =>
  barsOf(
    row,
    stretches.map((stretch) => ({ ...stretch, driver: what })),
    span,
  );

function isWithin({ from, to }: Stretch, span: Span): boolean {
  return (from?.at ?? span.from) <= span.to && (to?.at ?? span.to) >= span.from;
}

function limits({ from, to }: Stretch, span: Span): { x1: number; x2: number } {
  const x1 = seconds(Math.max(span.from, from?.at ?? span.from));
  return { x1, x2: Math.max(x1, seconds(Math.min(span.to, to?.at ?? span.to))) };
}

/** Bars of one column and driver are one bar, from the first to the last of them. */
function merged(bars: readonly Bar[], span: Span): Bar[] {
  const columns = new Map<string, Bar & { count: number }>();
  for (const bar of bars) {
    const key = `${columnOf(bar.x1 * 1e9, span, COLUMNS)} ${bar.driver}`;
    const known = columns.get(key);
    const count = (known?.count ?? 0) + 1;
    const joined = known === undefined ? bar : { ...known, x2: Math.max(known.x2, bar.x2) };
    columns.set(key, {
      ...joined,
      count,
      title: count === 1 ? bar.title : many(bar.driver, count),
    });
  }
  return [...columns.values()].map(({ count: _, ...bar }) => bar);
}

const many = (what: string, count: number): string => `${visible(what)}, ${count} times`;

/** The marks of a lane; those of one kind in one column are one sign. */
export function signsOf(row: number, marks: readonly Mark[], span: Span): Sign[] {
  const found = new Map<string, { sign: Sign; count: number }>();
  for (const mark of marks) {
    if (mark.at < span.from || mark.at > span.to) continue;
    const key = `${columnOf(mark.at, span, COLUMNS)} ${mark.kind}`;
    const known = found.get(key);
    const count = (known?.count ?? 0) + 1;
    const title = count === 1 ? markTitle(mark) : many(mark.kind, count);
    const x = known?.sign.x ?? seconds(mark.at);
    found.set(key, { sign: { row, x, kind: mark.kind, title }, count });
  }
  return [...found.values()].map(({ sign }) => sign);
}

const markTitle = ({ at, what, task, tid, seq }: Mark): string =>
  visible(`${what}, by ${task ?? '?'}-${tid ?? '?'} at ${duration(at)} (seq ${seq})`);

function titleOf({ driver, from, to }: DriverStretch): string {
  return `${visible(driver)}: ${edgeText('from', from)}, ${edgeText('to', to)}`;
}

/** What began or ended a part: when, by whom, and how. */
export function edgeText(word: string, edge: Edge | null): string {
  if (edge === null) return word === 'from' ? 'from before the recording' : 'to its end';
  const why = edge.why === null ? '' : ` (${edge.why})`;
  return visible(`${word} ${duration(edge.at)} by ${edge.task ?? '?'}-${edge.tid ?? '?'}${why}`);
}

/** The lanes of devices to which something happened. */
export const shownLanes = (lanes: readonly Lane[], most: number): readonly Lane[] =>
  lanes
    .toSorted((a, b) => weight(b) - weight(a))
    .slice(0, most)
    .sort((a, b) => (a.device < b.device ? -1 : 1));

const weight = ({ bars, marks, holds }: Lane): number => bars.length + marks.length + holds.length;
