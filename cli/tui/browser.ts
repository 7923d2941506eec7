/**
 * The browser without a terminal: what is shown, and what each key does to it. It holds positions
 * and texts only; events are read when a screen is drawn.
 */
import { type Family, kindsWhere, type StatsColumn } from '../../traces/index.js';
import { allEvents, type EventList, firstAtLeast, someEvents } from './list.js';
import type { EventRef, EventStore } from './store.js';

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

const FAULTY: ReadonlySet<Family> = new Set(['fault', 'signal']);

/** Jumps to events of some kinds; upper case looks backwards. */
const KIND_JUMPS: Record<string, { readonly what: string; readonly kinds: readonly string[] }> = {
  x: { what: 'fault', kinds: kindsWhere(({ family }) => FAULTY.has(family)) },
  p: { what: 'probe', kinds: ['probe'] },
  c: { what: 'write to configuration space', kinds: ['config.write'] },
  b: { what: 'bind or unbind', kinds: ['bind', 'unbind'] },
  w: { what: 'write to sysfs', kinds: ['sysfs.write'] },
  l: { what: 'lost events', kinds: ['lost'] },
};

/**
 * What a key does.
 * @param key the character, or the name of a special key such as `up`
 * @param rows events that fit the screen
 */
export function press(browser: Browser, key: string, rows: number): Step {
  if (browser.prompt !== null) return edit(browser, browser.prompt, key, rows);
  const at = { ...browser, message: browser.looking ? LOOKING : '', help: 0 };
  if (key === 'q') return { browser: at, request: { type: 'quit' } };
  if (key === '?') return { browser: { ...at, help: browser.help + 1 } };
  if (key === 'escape' && browser.looking) {
    return { browser: { ...at, looking: false, message: '' }, request: { type: 'cancel' } };
  }
  if (key === 'escape' && browser.filter !== '') return { browser: filtered(at, '', null, rows) };
  const request = REQUESTS[key];
  if (request !== undefined) return ask(at, request);
  if (key === 'F') return onlyDevice(at);
  const kind = PROMPTS[key];
  if (kind !== undefined) return { browser: { ...at, prompt: { kind, text: '' } } };
  const target = MOVES[key]?.(at, rows);
  if (target !== undefined) return { browser: moveTo(at, target, rows) };
  return { browser: jump(at, key, rows) };
}

const LOOKING = 'Looking… (Esc to stop)';

const ask = (browser: Browser, request: Request): Step => ({
  browser: { ...browser, message: LOOKING, looking: true },
  request,
});

const REQUESTS: Record<string, Request> = { r: { type: 'races' }, v: { type: 'divergences' } };

const PROMPTS: Record<string, PromptKind> = { f: 'filter', '/': 'search', ':': 'goto' };

const MOVES: Record<string, (browser: Browser, rows: number) => number> = {
  up: (b) => b.cursor - 1,
  k: (b) => b.cursor - 1,
  down: (b) => b.cursor + 1,
  j: (b) => b.cursor + 1,
  pageup: (b, rows) => b.cursor - rows,
  pagedown: (b, rows) => b.cursor + rows,
  ' ': (b, rows) => b.cursor + rows,
  g: () => 0,
  home: () => 0,
  G: (b) => b.list.length - 1,
  end: (b) => b.list.length - 1,
};

function jump(browser: Browser, key: string, rows: number): Browser {
  const ref = current(browser);
  if (ref === null) return browser;
  const lower = key.toLowerCase();
  const step = key === lower ? 1 : -1;
  if (lower === 'n') return nextMatch(browser, ref.seq, step, rows);
  if (key === 's') return otherEnd(browser, ref, rows);
  const device = ref.batch.column('device').at(ref.row);
  if (lower === 'd') {
    if (device === null) return { ...browser, message: NO_DEVICE };
    return jumpBy(browser, 'device', [device], step, `event of ${device}`, rows);
  }
  const target = KIND_JUMPS[lower];
  if (target === undefined) return browser;
  return jumpBy(browser, 'kind', target.kinds, step, target.what, rows);
}

function jumpBy(
  browser: Browser,
  column: StatsColumn,
  values: readonly string[],
  step: 1 | -1,
  what: string,
  rows: number,
): Browser {
  const { store, list, cursor } = browser;
  const seq = store.find(column, values, list.seqAt(cursor), step, (s) => list.has(s));
  if (seq !== null) return jumpTo(browser, seq, rows);
  return { ...browser, message: `No ${what} ${step > 0 ? 'after' : 'before'} this event.` };
}

function nextMatch(browser: Browser, seq: number, step: 1 | -1, rows: number): Browser {
  const { search, list } = browser;
  if (search === null) return { ...browser, message: 'Search with / first.' };
  const { seqs, what } = search;
  for (let i = step > 0 ? firstAtLeast(seqs, seq + 1) : firstAtLeast(seqs, seq) - 1; ; i += step) {
    if (i < 0 || i >= seqs.length) break;
    if (!list.has(seqs[i])) continue;
    return jumpTo(browser, seqs[i], rows);
  }
  return {
    ...browser,
    message: `No event with ${what} ${step > 0 ? 'after' : 'before'} this one.`,
  };
}

/** From a begin to its end and back. */
function otherEnd(browser: Browser, { batch, row, seq }: EventRef, rows: number): Browser {
  const span = batch.column('span');
  const other = span.has(row) ? span.number(row) : browser.store.endOf(seq);
  if (other === null) return { ...browser, message: 'This event has no other end.' };
  if (!browser.list.has(other)) return { ...browser, message: 'The filter hides its other end.' };
  return jumpTo(browser, other, rows);
}

function edit(browser: Browser, prompt: Prompt, key: string, rows: number): Step {
  const closed = { ...browser, prompt: null };
  if (key === 'escape') return { browser: closed };
  if (key === 'return') return submit(closed, prompt, rows);
  const text = key === 'backspace' ? prompt.text.slice(0, -1) : prompt.text + typed(key);
  return { browser: { ...browser, prompt: { ...prompt, text } } };
}

/** A character; the names of special keys are longer. */
const typed = (key: string) => ([...key].length === 1 ? key : '');

function submit(browser: Browser, { kind, text }: Prompt, rows: number): Step {
  const trimmed = text.trim();
  if (kind === 'goto') {
    if (!/^\d{1,15}$/.test(trimmed)) return { browser: { ...browser, message: 'Not a number.' } };
    return { browser: jumpTo(browser, Number(trimmed), rows) };
  }
  if (trimmed === '') {
    return { browser: kind === 'filter' ? filtered(browser, '', null, rows) : browser };
  }
  const request: Request =
    kind === 'filter' ? { type: 'filter', condition: trimmed } : { type: 'search', text: trimmed };
  return ask(browser, request);
}

/** Filters the events of the device under the cursor. */
function onlyDevice(browser: Browser): Step {
  const ref = current(browser);
  const device = ref === null ? null : ref.batch.column('device').at(ref.row);
  if (device === null) return { browser: { ...browser, message: NO_DEVICE } };
  const condition = `device = '${device.replaceAll("'", "''")}'`;
  return ask(browser, { type: 'filter', condition });
}

const NO_DEVICE = 'This event has no device.';

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

/** Takes over a search's result and goes to the next match. */
export function found(browser: Browser, search: Search, rows: number): Browser {
  const { seqs, what } = search;
  const idle = { ...browser, looking: false };
  if (seqs.length === 0) return { ...idle, message: `No event with ${what}.` };
  const message = `${seqs.length} event${seqs.length === 1 ? '' : 's'} with ${what}`;
  const seq = browser.list.seqAt(browser.cursor);
  return nextMatch({ ...idle, search, message }, seq - 1, 1, rows);
}
