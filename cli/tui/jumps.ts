/** Jumps from the event under the cursor to a related one. */
import type { StatsColumn } from '../../traces/index.js';
import { plural } from '../plural.js';
import { type Browser, current, jumpTo, type Search } from './browser.js';
import { firstAtLeast } from './event-list.js';

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
  rows: number,
): Browser {
  const { store, list, cursor } = browser;
  if (list.length === 0) return browser;
  const seq = store.find(column, values, list.seqAt(cursor), step, (s) => list.has(s));
  if (seq !== null) return jumpTo(browser, seq, rows);
  return { ...browser, message: `No ${what} ${step > 0 ? 'after' : 'before'} this event.` };
}

/** To the next event of the device under the cursor. */
export function jumpOnDevice(browser: Browser, step: Direction, rows: number): Browser {
  const device = currentDevice(browser);
  if (device === null) return { ...browser, message: NO_DEVICE };
  return jumpBy(browser, 'device', [device], step, `event of ${device}`, rows);
}

export const NO_DEVICE = 'This event has no device.';

export function currentDevice(browser: Browser): string | null {
  const ref = current(browser);
  return ref === null ? null : ref.batch.column('device').at(ref.row);
}

/** To the next match of the last search, from an event that need not be in the list. */
export function nextMatch(browser: Browser, seq: number, step: Direction, rows: number): Browser {
  const { search, list } = browser;
  if (search === null) return { ...browser, message: 'Search with / first.' };
  const { seqs, what } = search;
  for (let i = step > 0 ? firstAtLeast(seqs, seq + 1) : firstAtLeast(seqs, seq) - 1; ; i += step) {
    if (i < 0 || i >= seqs.length) break;
    if (list.has(seqs[i])) return jumpTo(browser, seqs[i], rows);
  }
  return {
    ...browser,
    message: `No event with ${what} ${step > 0 ? 'after' : 'before'} this one.`,
  };
}

/** From the begin of a call to its end, and back. */
export function otherEnd(browser: Browser, rows: number): Browser {
  const ref = current(browser);
  if (ref === null) return browser;
  const span = ref.batch.column('span');
  const other = span.has(ref.row) ? span.number(ref.row) : browser.store.endOf(ref.seq);
  if (other === null) return { ...browser, message: 'This event has no other end.' };
  if (!browser.list.has(other)) return { ...browser, message: 'The filter hides its other end.' };
  return jumpTo(browser, other, rows);
}

/** Applies a search's result and moves to the next match. */
export function found(browser: Browser, search: Search, rows: number): Browser {
  const { seqs, what } = search;
  const idle = { ...browser, looking: false };
  if (seqs.length === 0) return { ...idle, message: `No event with ${what}.` };
  const message = `${plural(seqs.length, 'event')} with ${what}`;
  const seq = browser.list.seqAt(browser.cursor);
  return nextMatch({ ...idle, search, message }, seq - 1, 1, rows);
}
