/**
 * The browser without a terminal: its state, and how it moves. It only has positions and texts;
 * events are read when a screen is drawn.
 */
import type { CallIndex } from './call-index.js';
import { CallList } from './call-list.js';
import type { Clock, TimeBase } from './clock.js';
import type { EventPairs } from './event-pairs.js';
import type { EventRef, EventStore } from './event-store.js';
import type { LineEdit } from './line-edit.js';
import type { Insights, Overview } from './overview.js';

export type PromptKind = 'filter' | 'search' | 'command' | 'sql' | 'compare';

export interface Prompt {
  readonly kind: PromptKind;
  readonly line: LineEdit;
  /** Which earlier line is shown, from the newest; -1 for the one that is being typed. */
  readonly recalled: number;
}

/** Events to step through. */
export interface Search {
  /** What these events have, as in `3 events with a race`. */
  readonly what: string;
  /** Ascending. */
  readonly seqs: Float64Array;
  /** Texts about some of them. */
  readonly notes?: ReadonlyMap<number, string>;
  /** The text that was searched for, to be marked. */
  readonly text?: string;
}

/** Which events the list is made of. */
export interface Filter {
  /** In words, as `where cpu = 1`. */
  readonly text: string;
  /** What it answers: a condition in SQL, or the story of a device. */
  readonly question: FilterQuestion;
  /** Positions, ascending. */
  readonly positions: readonly number[];
}

/** One of the causes of an event. */
export interface Cause {
  /** The event; null for what was so when the recording began, or is not known. */
  readonly seq: number | null;
  /** How it bears on the one before. */
  readonly how: string;
  /** In words; null for the line that the event has in the list. */
  readonly text: string | null;
}

export interface SqlResult {
  readonly sql: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Whether there were more rows than are kept. */
  readonly more: boolean;
}

/** A pane below the list, in place of the details. */
export type Lower =
  | { readonly type: 'details' }
  | { readonly type: 'state'; readonly cursor: number }
  | {
      readonly type: 'why';
      /** The event that is explained. */
      readonly seq: number;
      readonly causes: readonly Cause[];
      readonly cursor: number;
    }
  | { readonly type: 'sql'; readonly result: SqlResult; readonly cursor: number }
  | { readonly type: 'diff'; readonly cursor: number };

/** Something that one of two traces has, or has otherwise. */
export interface ListedDifference {
  readonly group: string;
  readonly text: string;
  /** The event in the first trace; null where only the other has it. */
  readonly a: number | null;
  readonly b: number | null;
}

/** A second trace, which is shown beside the first and moves with it. */
export interface Beside {
  readonly file: string;
  readonly browser: Browser;
  readonly pairs: EventPairs;
  /** The first difference is first, the others follow in the order of the first trace. */
  readonly differences: readonly ListedDifference[];
  /** Positions of rows with a difference, in the first trace and in this one. */
  readonly differing: { readonly a: ReadonlySet<number>; readonly b: ReadonlySet<number> };
  /** Index of the difference that was gone to last. */
  readonly chosen: number;
  /** Event of the first trace that it was moved for last; null before that. */
  readonly movedFor: number | null;
  /** Whether that event belongs to the one under the cursor here. */
  readonly exact: boolean;
}

export interface Browser {
  readonly store: EventStore;
  readonly calls: CallIndex;
  readonly overview: Overview;
  readonly screen: 'overview' | 'events';
  readonly rows: CallList;
  /** Number of events that were in the index of calls when the rows were made. */
  readonly indexed: number;
  /** Row of the event under the cursor. */
  readonly cursor: number;
  /** Events of the list that came since the cursor was at its end; 0 unless the trace grows. */
  readonly newEvents: number;
  /** First row on the screen. */
  readonly top: number;
  readonly filter: Filter | null;
  readonly hidden: ReadonlySet<string>;
  /** Whether calls inside of others are rows of their own. */
  readonly unfolded: boolean;
  readonly clock: Clock;
  readonly base: TimeBase;
  readonly lower: Lower;
  /** Null when no other trace is compared. */
  readonly beside: Beside | null;
  readonly search: Search | null;
  readonly prompt: Prompt | null;
  /** Earlier lines of the prompts, newest last. */
  readonly history: Readonly<Partial<Record<PromptKind, readonly string[]>>>;
  /** Events that were left by a jump, newest last. */
  readonly back: readonly number[];
  readonly marks: ReadonlyMap<string, number>;
  /** The command that waits for a character. */
  readonly pending: 'mark' | 'to mark' | null;
  /** First line of the help on the screen; null when it is closed. */
  readonly help: number | null;
  /** Shown at the bottom until the next key. */
  readonly message: string;
  /** Whether work was requested whose result has not been returned yet. */
  readonly looking: boolean;
}

const NO_OPENED: ReadonlySet<number> = new Set();

export function openBrowser(
  store: EventStore,
  calls: CallIndex,
  base: TimeBase,
  insights: Insights,
): Browser {
  const devices = store.reader.dictionaries.device.toSorted();
  const overview: Overview = { cursor: 0, devices, all: false, insights };
  return {
    store,
    calls,
    overview,
    screen: 'overview',
    rows: new CallList(
      calls.rows(false, () => false),
      NO_OPENED,
      calls,
    ),
    indexed: calls.done,
    cursor: 0,
    newEvents: 0,
    top: 0,
    filter: null,
    hidden: new Set(),
    unfolded: false,
    clock: 'start',
    base,
    lower: { type: 'details' },
    beside: null,
    search: null,
    prompt: null,
    history: {},
    back: [],
    marks: new Map(),
    pending: null,
    help: null,
    message: '',
    looking: false,
  };
}

/** Position of the event under the cursor; null in an empty list. */
export const positionOf = ({ rows, cursor }: Browser): number | null =>
  rows.length === 0 ? null : rows.positionAt(cursor);

/** The event under the cursor. */
export function current(browser: Browser): EventRef | null {
  const position = positionOf(browser);
  return position === null ? null : browser.store.atPosition(position);
}

/**
 * Makes the list again, with the cursor on the same event.
 * @param opened calls whose insides are shown
 */
export function withRows(
  browser: Browser,
  change: Partial<Pick<Browser, 'filter' | 'hidden' | 'unfolded'>>,
  height: number,
  opened: ReadonlySet<number> = browser.rows.opened,
): Browser {
  const next = { ...browser, ...change };
  const { calls, filter, hidden, unfolded, store } = next;
  const ids = new Set([...hidden].map((kind) => store.reader.dictionaries.kind.indexOf(kind)));
  const hides = (kind: number) => ids.has(kind);
  const base =
    filter === null ? calls.rows(unfolded, hides) : calls.rowsOf(filter.positions, unfolded, hides);
  const rows = new CallList(base, opened, calls);
  const at = positionOf(browser);
  const offset = browser.cursor - browser.top;
  const cursor = at === null ? 0 : rows.indexOf(at);
  return moveTo({ ...next, rows, indexed: calls.done, top: cursor - offset }, cursor, height);
}

/** Whether the cursor is at the last row of the list. */
const isAtEnd = ({ screen, cursor, rows }: Browser): boolean =>
  screen === 'events' && cursor === rows.length - 1;

/**
 * Adds the rows of new events of a growing trace; a cursor at the end stays at the end.
 * @param filter with the new events that it shows; as it was when these are not known yet
 */
export function withNewEvents(browser: Browser, height: number, filter = browser.filter): Browser {
  const next = withRows(browser, { filter }, height);
  if (isAtEnd(browser)) return moveTo(next, next.rows.length - 1, height);
  const shown = ({ indexed, filter: by }: Browser) => by?.positions.length ?? indexed;
  return { ...next, newEvents: browser.newEvents + shown(next) - shown(browser) };
}

/** Opens or closes a call. */
export function withOpened(browser: Browser, opened: ReadonlySet<number>, height: number): Browser {
  const at = positionOf(browser);
  const rows = new CallList(browser.rows.base, opened, browser.calls);
  return moveTo({ ...browser, rows }, at === null ? 0 : rows.indexOf(at), height);
}

/**
 * Moves the cursor and scrolls if necessary.
 * @param height rows that fit the list
 */
export function moveTo(browser: Browser, row: number, height: number): Browser {
  const last = Math.max(0, browser.rows.length - 1);
  const cursor = Math.min(Math.max(0, row), last);
  const highest = Math.max(0, browser.rows.length - height);
  const top = Math.min(Math.max(browser.top, cursor - height + 1, 0), cursor, highest);
  const moved = { ...browser, cursor, top };
  return isAtEnd(moved) ? { ...moved, newEvents: 0 } : moved;
}

const BACK_MAX = 100;

/**
 * Moves to an event wherever it is: opens the calls around it, and removes a filter that hides it.
 * The place that was left is remembered.
 */
export function jumpTo(browser: Browser, seq: number, height: number): Browser {
  const here = current(browser);
  const back = here === null ? browser.back : [...browser.back, here.seq].slice(-BACK_MAX);
  return { ...revealed(browser, seq, height), back };
}

/** Like `jumpTo`, without a way back. */
export function revealed(browser: Browser, seq: number, height: number): Browser {
  const events: Browser = { ...browser, screen: 'events' };
  const position = browser.store.positionOf(seq);
  if (position >= browser.calls.done) return { ...events, message: NOT_INDEXED };
  const shown = showing(events, position, height);
  const row = shown.rows.indexOf(position);
  if (row >= shown.top && row < shown.top + height) return moveTo(shown, row, height);
  return moveTo({ ...shown, top: Math.max(0, row - Math.floor(height / 3)) }, row, height);
}

const NOT_INDEXED = 'That part of the trace is still being read; try again in a moment.';

/** The browser with a row for an event. */
function showing(browser: Browser, position: number, height: number): Browser {
  const { rows, calls } = browser;
  if (rows.has(position)) return browser;
  const at = calls.rowOf(position);
  const around = calls.ancestors(at);
  const shown = around.findIndex((call) => rows.has(call));
  if (shown >= 0)
    return withOpened(browser, new Set([...rows.opened, ...around.slice(0, shown + 1)]), height);
  const all = withRows(browser, { filter: null, hidden: new Set() }, height);
  const message = 'The filter was removed, because it hides this event.';
  const opened = new Set([...rows.opened, ...around]);
  return { ...withOpened(all, opened, height), message };
}

/** What a list of some of the events answers. */
export type FilterQuestion =
  | { readonly type: 'filter'; readonly condition: string }
  | { readonly type: 'device'; readonly device: string };

/** Work that takes time. The caller does it and applies its result. */
export type Request =
  | FilterQuestion
  | { readonly type: 'search'; readonly text: string }
  | { readonly type: 'sql'; readonly sql: string }
  | { readonly type: 'explain'; readonly seq: number }
  | { readonly type: 'races' | 'divergences' }
  /** Compares with another trace, and goes to the first difference or `stays` where it is. */
  | { readonly type: 'compare'; readonly file: string; readonly stays: boolean }
  /** Cancels the work in progress. */
  | { readonly type: 'cancel' }
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'suspend' | 'quit' };

export interface Step {
  readonly browser: Browser;
  readonly request?: Request;
}

/** Requests work, and shows that until the result is there. */
export const ask = (browser: Browser, request: Request): Step => ({
  browser: { ...browser, message: LOOKING, looking: true },
  request,
});

/** The browser when no work is in progress. */
export const idle = (browser: Browser): Browser => ({ ...browser, looking: false, message: '' });

/** Stops the work in progress. */
export const cancelled = (browser: Browser): Step => ({
  browser: idle(browser),
  request: { type: 'cancel' },
});

export const LOOKING = 'Looking… (Esc to stop)';
