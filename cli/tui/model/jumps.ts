/** Jumps from the event under the cursor to a related one. */
import type { StatsColumn } from '../../../traces/index.js';
import {
  type Browser,
  current,
  type Filter,
  idle,
  jumpTo,
  positionOf,
  type Search,
  withOpened,
  withRows,
} from './browser.js';
import { firstAtLeast } from './call-list.js';
import type { EventStore } from './event-store.js';

/** Forward or backward in the trace. */
export type Direction = 1 | -1;

/**
 * To the next event whose column has one of some values.
 * @param what name of such an event, as in `No probe after this event.`
 */
export function jumpBy(
  browser: Browser,
  column: StatsColumn,
  values: readonly string[],
  step: Direction,
  what: string,
  height: number,
): Browser {
  const ref = current(browser);
  if (ref === null) return browser;
  const accept = (s: number) => isReachable(browser, s) && !isStepOf(browser, column, values, s);
  const seq = browser.store.find(column, values, ref.seq, step, accept);
  if (seq !== null) return jumpTo(browser, seq, height);
  return { ...browser, message: `No ${what} ${step > 0 ? 'after' : 'before'} this event.` };
}

/** Whether an event is only a step of a call of one of the same kinds. */
function isStepOf(
  { store, calls }: Browser,
  column: StatsColumn,
  values: readonly string[],
  seq: number,
): boolean {
  if (column !== 'kind') return false;
  const kinds = new Set(values.map((value) => store.reader.dictionaries.kind.indexOf(value)));
  return calls.ancestors(store.positionOf(seq)).some((call) => kinds.has(calls.kindOf(call)));
}

/** Whether an event has a row of its own, or one inside of a row, that no filter hides. */
function isReachable({ calls, rows, filter, hidden, store }: Browser, seq: number): boolean {
  const at = store.positionOf(seq);
  if (at >= calls.done || calls.ends(at)) return false;
  const question = filter?.question;
  if (question?.type === 'device' && deviceAt(store, seq) !== question.device) return false;
  if (filter === null && hidden.size === 0) return true;
  return rows.has(at) || calls.ancestors(at).some((call) => rows.has(call));
}

const deviceAt = (store: EventStore, seq: number): string | null => {
  const ref = store.at(seq);
  return ref === null ? null : ref.batch.column('device').at(ref.row);
};

/** To the next event of the device under the cursor. */
export function jumpOnDevice(browser: Browser, step: Direction, height: number): Browser {
  const device = currentDevice(browser);
  if (device === null) return { ...browser, message: NO_DEVICE };
  return jumpBy(browser, 'device', [device], step, `event of ${device}`, height);
}

export const NO_DEVICE = 'This event has no device.';

export function currentDevice(browser: Browser): string | null {
  const ref = current(browser);
  return ref === null ? null : ref.batch.column('device').at(ref.row);
}

/** To the next match of the last search. */
export function nextMatch(browser: Browser, seq: number, step: Direction, height: number): Browser {
  const { search } = browser;
  if (search === null) return { ...browser, message: 'Search with / first.' };
  const { seqs, what } = search;
  const i = step > 0 ? firstAtLeast(seqs, seq + 1) : firstAtLeast(seqs, seq) - 1;
  if (i >= 0 && i < seqs.length) return toMatch(browser, search, i, height);
  const message = `No event with ${what} ${step > 0 ? 'after' : 'before'} this one.`;
  return { ...browser, message };
}

function toMatch(browser: Browser, { seqs, what }: Search, i: number, height: number): Browser {
  const there = jumpTo({ ...browser, message: '' }, seqs[i], height);
  return there.message === ''
    ? { ...there, message: `${i + 1} of ${seqs.length} with ${what}` }
    : there;
}

/** Applies a search's result and moves to the next match, or else to the first. */
export function found(browser: Browser, result: Search, height: number): Browser {
  const at = idle(browser);
  if (result.seqs.length === 0) return { ...at, message: `No event with ${result.what}.` };
  const search = { ...result, seqs: rowsOf(browser, result.seqs) };
  const here = browser.screen === 'overview' ? null : current(browser);
  const next = here === null ? 0 : firstAtLeast(search.seqs, here.seq);
  return toMatch({ ...at, search }, search, next === search.seqs.length ? 0 : next, height);
}

/** The events that are rows for some events: a call is one row, whatever of it matches. */
function rowsOf({ store, calls }: Browser, seqs: Float64Array): Float64Array {
  const rows = new Set<number>();
  for (const seq of seqs) {
    const at = store.positionOf(seq);
    rows.add(at < calls.done ? store.seqAt(calls.rowOf(at)) : seq);
  }
  return Float64Array.from(rows).sort();
}

/** Applies a filter's result; null shows all events. The cursor stays as close as possible. */
export function filtered(browser: Browser, filter: Filter | null, height: number): Browser {
  if (filter?.positions.length === 0) return { ...idle(browser), message: NOTHING };
  const list: Browser = { ...idle(browser), screen: 'events', newEvents: 0 };
  return withRows(list, { filter }, height, new Set());
}

const NOTHING = 'No event satisfies this.';

/** Opens the call under the cursor, or closes it. */
export function toggled(browser: Browser, open: boolean | null, height: number): Browser | null {
  const at = positionOf(browser);
  if (at === null || !browser.calls.encloses(at) || browser.unfolded) return null;
  const { opened } = browser.rows;
  const opens = open ?? !opened.has(at);
  if (opens === opened.has(at)) return null;
  const next = new Set(opened);
  if (opens) next.add(at);
  else next.delete(at);
  return withOpened(browser, next, height);
}

/** Closes the call under the cursor, or else moves to the call around it. */
export function outward(browser: Browser, height: number): Browser {
  const closed = toggled(browser, false, height);
  if (closed !== null) return closed;
  const at = positionOf(browser);
  const around = at === null ? null : browser.calls.enclosing(at);
  if (around === null) return { ...browser, message: 'No call is around this event.' };
  return jumpTo(browser, browser.store.seqAt(around), height);
}

/** Back to where the last jump began. */
export function back(browser: Browser, height: number): Browser {
  const seq = browser.back.at(-1);
  if (seq === undefined) return { ...browser, message: 'No jump to go back from.' };
  const rest = browser.back.slice(0, -1);
  return { ...jumpTo(browser, seq, height), back: rest };
}
