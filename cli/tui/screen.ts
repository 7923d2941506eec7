/** Draws the browser: the lines of a screen, each exactly as wide as the terminal. */
import type { Known } from '../../analysis/index.js';
import type { DeviceState, Divergence } from '../../replay/index.js';
import { type Browser, current } from './browser.js';
import { COMMANDS, helpOf, hintsOf } from './browser-commands.js';
import { cells, type Paint, singleCells } from './cell-text.js';
import { detailsOf, eventLine, headingLine, textOf } from './event-text.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The status of the background replay; `progress` is the replayed part of the trace, from 0 to 1.
 */
export interface ReplayStatus {
  stateAt(device: string, seq: number): Known | undefined;
  divergenceAt(seq: number): Divergence | undefined;
  /** Events that diverged, ascending; null before the whole trace was replayed. */
  divergences(): Float64Array | null;
  readonly progress: number;
  /** Why replay stopped before the end of the trace, or null. */
  readonly problem: string | null;
}

export interface ViewModel {
  readonly title: string;
  /** The time that the list's seconds count from. */
  readonly start: bigint;
  readonly replay: ReplayStatus;
  readonly paint: Paint;
}

const HELP = helpOf(COMMANDS);
const HINTS = hintsOf(COMMANDS);

/** Lines around the list and the details: title, heading, separator, device, status. */
const FIXED_LINES = 5;
const detailLines = ({ rows }: Size) => Math.min(14, Math.max(2, Math.floor(rows / 4)));

/** Number of events on a screen. */
export const listRows = (size: Size): number =>
  Math.max(1, size.rows - FIXED_LINES - detailLines(size));

export function drawScreen(browser: Browser, view: ViewModel, size: Size): string[] {
  const { columns } = size;
  const { paint } = view;
  return [
    paint('reverse', cells(titleText(browser, view), columns)),
    ...(helpLines(browser, view, size) ?? eventLines(browser, view, size)),
    statusLine(browser, view, columns),
  ];
}

function eventLines(browser: Browser, view: ViewModel, size: Size): string[] {
  const { columns } = size;
  const { paint } = view;
  return [
    paint('bold', headingLine(columns)),
    ...padded(listLines(browser, view, size), listRows(size), columns),
    paint('dim', '─'.repeat(columns)),
    ...padded(detailText(browser, columns), detailLines(size), columns),
    deviceLine(browser, view, columns),
  ];
}

/** A page of the help in place of the events; null when none is open or there are no more. */
function helpLines({ help }: Browser, { paint }: ViewModel, size: Size): string[] | null {
  const rows = listRows(size) + detailLines(size) + FIXED_LINES - 3;
  const page = help === 0 ? [] : HELP.slice((help - 1) * rows, help * rows);
  if (page.length === 0) return null;
  const more = help * rows < HELP.length ? '  (? for more)' : '';
  return [paint('bold', cells(`Keys${more}`, size.columns)), ...padded(page, rows, size.columns)];
}

/** Exactly `count` lines; lines of the list already have the right width. */
function padded(lines: readonly string[], count: number, width: number): string[] {
  const shown = lines
    .slice(0, count)
    .map((line) => (line.includes('\u001b') ? line : cells(line, width)));
  return [...shown, ...Array.from({ length: count - shown.length }, () => '')];
}

function titleText({ store, list, cursor, filter }: Browser, { title }: ViewModel): string {
  const place = list.length === 0 ? 'no events' : `${cursor + 1}/${list.length}`;
  const of = filter === '' ? '' : ` of ${store.length}, where ${filter}`;
  return ` ${title}  ${place}${of}`;
}

function listLines(browser: Browser, { start, paint }: ViewModel, size: Size): string[] {
  const { store, list, top, cursor } = browser;
  const lines: string[] = [];
  for (let i = top; i < Math.min(top + listRows(size), list.length); i++) {
    const ref = store.at(list.seqAt(i));
    if (ref === null) continue;
    const selected = i === cursor;
    const plain: Paint = (_tone, text) => text;
    const line = readable(
      () => eventLine(ref, start, size.columns, selected ? plain : paint),
      (problem) => cells(`${ref.seq} ${problem}`, size.columns),
    );
    lines.push(selected ? paint('reverse', line) : line);
  }
  return lines;
}

/** Shows the error in place of the damaged part; the rest of the trace stays visible. */
function readable<T>(read: () => T, instead: (problem: string) => T): T {
  try {
    return read();
  } catch (error) {
    return instead((error as Error).message);
  }
}

/** The search note of the event, then its columns. */
function detailText(browser: Browser, width: number): string[] {
  const ref = current(browser);
  if (ref === null) return [];
  const note = browser.search?.notes?.get(ref.seq);
  const facts = readable(
    () => detailsOf(ref, browser.store),
    (problem) => [problem],
  );
  return [...(note === undefined ? [] : flowed([note], width)), ...flowed(facts, width)];
}

/** Texts in sequence, as many per line as fit. */
function flowed(texts: readonly string[], width: number): string[] {
  if (width < 1) return [];
  const lines: string[] = [];
  let line = '';
  for (const text of texts.map(singleCells)) {
    if (line !== '' && line.length + 3 + text.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? text : `${line}   ${text}`;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line];
}

function deviceLine(browser: Browser, { replay, paint }: ViewModel, width: number): string {
  const ref = current(browser);
  const device =
    ref === null
      ? undefined
      : readable(
          () => textOf(ref, 'device'),
          () => undefined,
        );
  if (ref === null || device === undefined) return cells('', width);
  const divergence = replay.divergenceAt(ref.seq);
  if (divergence !== undefined) {
    const text = `${device} diverged: expected ${divergence.expected}, was ${divergence.actual}`;
    return paint('red', cells(text, width));
  }
  const state = replay.stateAt(device, ref.seq);
  if (state === undefined && replay.problem !== null) {
    return paint('red', cells(`${device}  replay ended: ${replay.problem}`, width));
  }
  if (state === undefined) {
    const done = Math.floor(replay.progress * 100);
    return paint('dim', cells(`${device}  replaying, ${done} %`, width));
  }
  return paint('cyan', cells(`${device}  ${knownText(state)}`, width));
}

function knownText(state: Known): string {
  if (state === null) return 'nothing known of its state';
  return state === 'absent' ? 'not there' : stateText(state);
}

function stateText(state: DeviceState): string {
  const parts = [`driver ${state.driver ?? '-'}`, `override ${state.override ?? '-'}`];
  if (state.physfn !== null) parts.push(`VF of ${state.physfn}`);
  if (state.numVfs !== null) parts.push(`${state.numVfs} VFs`);
  if (state.autoprobe !== null) parts.push(`autoprobe ${state.autoprobe ? 'on' : 'off'}`);
  if (state.group !== null) parts.push(`IOMMU group ${state.group}`);
  return parts.join('  ');
}

const PROMPT_TEXTS = {
  filter: 'filter (SQL condition, empty for all): ',
  search: 'search: ',
  goto: 'go to seq: ',
} as const;

function statusLine({ prompt, message }: Browser, { paint }: ViewModel, width: number): string {
  if (prompt !== null) {
    const text = `${PROMPT_TEXTS[prompt.kind]}${prompt.text}█`;
    return paint('bold', cells(text.length > width ? text.slice(-width) : text, width));
  }
  if (message !== '') return paint('yellow', cells(message, width));
  return paint('dim', cells(HINTS, width));
}
