/**
 * The browser without a terminal: its state, and the effect of each key. It only has positions and
 * texts; events are read when a screen is drawn.
 */
import { allEvents, type EventList, someEvents } from './event-list.js';
import type { EventRef, EventStore } from './event-store.js';

export type PromptKind = 'filter' | 'search' | 'goto';

export interface Prompt {
  readonly kind: PromptKind;
  readonly text: string;
}

/** Events to step through. */
export interface Search {
  /** What these events have, as in `3 events with a race`. */
  readonly what: string;
  /** Ascending. */
  readonly seqs: Float64Array;
  /** Texts about some of them. */
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
  /** The visible page of the help, from 1; 0 if none is open. */
  readonly help: number;
  /** Shown at the bottom until the next key. */
  readonly message: string;
  /** Whether work was requested whose result has not been returned yet. */
  readonly looking: boolean;
}

/** Work that takes time. The caller does it and returns the result with `filtered` or `found`. */
export type Request =
  | { readonly type: 'filter'; readonly condition: string }
  | { readonly type: 'search'; readonly text: string }
  | { readonly type: 'races' }
  | { readonly type: 'divergences' }
  /** Cancels the work in progress. */
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

/**
 * Moves the cursor and scrolls if necessary.
 * @param rows events that fit the screen
 */
export function moveTo(browser: Browser, index: number, rows: number): Browser {
  const last = Math.max(0, browser.list.length - 1);
  const cursor = Math.min(Math.max(0, index), last);
  const highest = Math.max(0, browser.list.length - rows);
  const top = Math.min(Math.max(browser.top, cursor - rows + 1, 0), cursor, highest);
  return { ...browser, cursor, top };
}

/** Moves to an event, and scrolls it a third down the screen if it was not visible. */
export function jumpTo(browser: Browser, seq: number, rows: number): Browser {
  const index = browser.list.indexOf(seq);
  if (index >= browser.top && index < browser.top + rows) return moveTo(browser, index, rows);
  const top = Math.max(0, index - Math.floor(rows / 3));
  return moveTo({ ...browser, top }, index, rows);
}

/** Requests work, and shows that until the result is there. */
export const ask = (browser: Browser, request: Request): Step => ({
  browser: { ...browser, message: LOOKING, looking: true },
  request,
});

export const LOOKING = 'Looking… (Esc to stop)';

/** Applies a filter's result; null shows all events. The cursor stays as close as possible. */
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
