/**
 * The browser without a terminal: what is shown, and what each key does to it. It holds positions
 * and texts only; events are read when a screen is drawn.
 */
import { allEvents, type EventList, someEvents } from './event-list.js';
import type { EventRef, EventStore } from './event-store.js';

export type PromptKind = 'filter' | 'search' | 'goto';

export interface Prompt {
  readonly kind: PromptKind;
  readonly text: string;
}

/** Events to go through one by one. */
export interface Search {
  /** What they have, as in `3 events with a race`. */
  readonly what: string;
  /** Ascending. */
  readonly seqs: Float64Array;
  /** What to say of some of them. */
  readonly notes?: ReadonlyMap<number, string>;
}

export interface Browser {
  readonly store: EventStore;
  readonly list: EventList;
  /** Index in the list of the event under the cursor. */
  readonly cursor: number;
  /** Index of the first event on the screen. */
  readonly top: number;
  readonly filter: string;
  readonly search: Search | null;
  readonly prompt: Prompt | null;
  /** The page of the help that is shown, from 1; 0 for none. */
  readonly help: number;
  /** Said below until the next key. */
  readonly message: string;
  /** Whether work was asked for that was not handed back yet. */
  readonly looking: boolean;
}

/** Work that takes time, which the caller does and hands back with `filtered` or `found`. */
export type Request =
  | { readonly type: 'filter'; readonly condition: string }
  | { readonly type: 'search'; readonly text: string }
  | { readonly type: 'races' }
  | { readonly type: 'divergences' }
  /** The work under way is not wanted any more. */
  | { readonly type: 'cancel' }
  | { readonly type: 'quit' };

export interface Step {
  readonly browser: Browser;
  readonly request?: Request;
}

export function openBrowser(store: EventStore): Browser {
  return {
    store,
    list: allEvents(store),
    cursor: 0,
    top: 0,
    filter: '',
    search: null,
    prompt: null,
    help: 0,
    message: '',
    looking: false,
  };
}

/** The event under the cursor. */
export function current({ store, list, cursor }: Browser): EventRef | null {
  return list.length === 0 ? null : store.at(list.seqAt(cursor));
}

/** Moves the cursor and scrolls as far as needed. @param rows events that fit the screen */
export function moveTo(browser: Browser, index: number, rows: number): Browser {
  const last = Math.max(0, browser.list.length - 1);
  const cursor = Math.min(Math.max(0, index), last);
  const highest = Math.max(0, browser.list.length - rows);
  const top = Math.min(Math.max(browser.top, cursor - rows + 1, 0), cursor, highest);
  return { ...browser, cursor, top };
}

/** Moves to an event, and puts it a third down the screen when it was not on it. */
export function jumpTo(browser: Browser, seq: number, rows: number): Browser {
  const index = browser.list.indexOf(seq);
  if (index >= browser.top && index < browser.top + rows) return moveTo(browser, index, rows);
  const top = Math.max(0, index - Math.floor(rows / 3));
  return moveTo({ ...browser, top }, index, rows);
}

/** Asks for work, and says so until it is handed back. */
export const ask = (browser: Browser, request: Request): Step => ({
  browser: { ...browser, message: LOOKING, looking: true },
  request,
});

export const LOOKING = 'Looking… (Esc to stop)';

/** Takes over a filter's result; null shows all events. The cursor stays as near as it can. */
export function filtered(
  browser: Browser,
  filter: string,
  seqs: Float64Array | null,
  rows: number,
): Browser {
  if (seqs?.length === 0) {
    return { ...browser, looking: false, message: 'No event satisfies this.' };
  }
  const seq = browser.list.length === 0 ? 0 : browser.list.seqAt(browser.cursor);
  const list = seqs === null ? allEvents(browser.store) : someEvents(seqs);
  return jumpTo({ ...browser, list, filter, message: '', looking: false, top: 0 }, seq, rows);
}
