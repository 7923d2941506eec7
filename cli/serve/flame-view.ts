/** The nested calls of a thread within a time. */
import { printable } from '../printable.js';
import type { CallIndex } from '../tui/model/call-index.js';
import type { EventRef, EventStore } from '../tui/model/event-store.js';
import { summaryOf } from '../tui/text/event-summary.js';
import { stringOf, textOf } from '../tui/text/event-values.js';
import { resultOf } from '../tui/text/row-line.js';
import type { CallRows } from './call-rows.js';
import type { FlameCall, FlameView } from './page-messages.js';

/** Events that are looked at; the time is cut to them. */
const EVENTS_MAX = 200_000;
/** Calls shorter than this part of the time are drawn together. */
const SHARE_MIN = 1 / 1500;

/** Positions from the first to before the last. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/** @param range of events around the one at `center`, whose thread is shown */
export function flameView(
  store: EventStore,
  calls: CallIndex,
  rows: CallRows,
  { center, first, last }: Range & { readonly center: number },
): FlameView {
  const own = store.atPosition(center);
  const tid = own === null ? null : textOf(own, 'tid');
  if (own === null || tid === null) return { task: '', from: 0, to: 0, calls: [] };
  const task = printable(`${stringOf(own, 'task') ?? ''}-${tid}`);
  const range = around(center, { first, last });
  const at = (position: number) => rows.timeOf(store.atPosition(position)!);
  const [from, to] = [at(range.first), at(range.last - 1)];
  const found = callsOf(range, (position) => threadOf(store, position) === tid, calls);
  const views = found.map(({ position, depth }): FlameCall => {
    const begin = store.atPosition(position)!;
    const begun = rows.timeOf(begin);
    const seq = begin.seq;
    const what = summaryOf(begin, begin, rows.registerAt);
    const end = endOf(store, calls, position);
    const done = end === null ? to : rows.timeOf(end);
    const isBad = end !== null && resultOf(end).bad;
    return { seq, from: begun, to: done, depth, what: printable(what), isBad, count: 1 };
  });
  return { task, from, to, calls: joined(views, (to - from) * SHARE_MIN) };
}

const threadOf = (store: EventStore, position: number): string | null => {
  const ref = store.atPosition(position);
  return ref === null ? null : textOf(ref, 'tid');
};

function endOf(store: EventStore, calls: CallIndex, position: number): EventRef | null {
  const end = calls.endOf(position);
  return end === null ? null : store.atPosition(end);
}

/** The part of a range that may be looked at, with the center in its middle. */
function around(center: number, { first, last }: Range): Range {
  if (last - first <= EVENTS_MAX) return { first, last };
  const from = Math.max(first, Math.min(center - EVENTS_MAX / 2, last - EVENTS_MAX));
  return { first: from, last: from + EVENTS_MAX };
}

/** The calls that begin in a range, and those around the first of them. */
function callsOf(
  { first, last }: Range,
  isOwn: (position: number) => boolean,
  calls: CallIndex,
): { position: number; depth: number }[] {
  const depths = new Map<number, number>();
  const depthOf = (position: number): number => {
    const known = depths.get(position);
    if (known !== undefined) return known;
    const parent = calls.enclosing(position);
    const depth = parent === null ? 0 : depthOf(parent) + 1;
    if (calls.begins(position)) depths.set(position, depth);
    return depth;
  };
  for (let position = first; position < last; position++)
    if (!calls.ends(position) && calls.begins(position) && isOwn(position)) depthOf(position);
  return [...depths]
    .map(([position, depth]) => ({ position, depth }))
    .sort((a, b) => a.position - b.position);
}

/** Short calls of one depth that follow each other closely become one. */
function joined(calls: readonly FlameCall[], size: number): FlameCall[] {
  const found: FlameCall[] = [];
  const last = new Map<number, number>();
  for (const call of calls) {
    const index = last.get(call.depth);
    const before = index === undefined ? undefined : found[index];
    const isClose =
      before !== undefined && call.to - before.from < size && call.to - call.from < size;
    if (isClose) {
      const to = Math.max(before.to, call.to);
      const isBad = before.isBad || call.isBad;
      found[index!] = { ...before, to, isBad, count: before.count + 1 };
      continue;
    }
    last.set(call.depth, found.length);
    found.push(call);
  }
  return found;
}
