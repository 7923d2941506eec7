/** What ink shows of the browser, as texts. */
import { basename } from 'node:path';
import { plural } from '../../plural.js';
import { printable } from '../../printable.js';
import { contextOf } from '../input/command.js';
import { COMMANDS_HINTS } from '../input/hints.js';
import type { Browser, Prompt, PromptKind } from '../model/browser.js';
import { devicesOf } from '../model/overview.js';
import { cells, widthOf } from '../text/cell-text.js';
import type { Frame } from './screen.js';
import type { Size, View } from './view.js';

const LANES_MAX = 6;

export function frameOf(browser: Browser, view: View, { columns, rows }: Size): Frame {
  const { paint } = view;
  const { lower, screen, help } = browser;
  const lanes = Math.min(LANES_MAX, browser.overview.insights.eventful().length);
  return {
    columns,
    rows,
    screen: help !== null ? 'help' : screen,
    lowerTitle: paint('strong', lowerTitle(browser)),
    asList: lower.type !== 'details' && lower.type !== 'state',
    stateTitle: paint('strong', lower.type === 'state' ? '▶ state' : 'state'),
    titles: { devices: paint('strong', 'devices'), lanes: paint('strong', 'drivers over time') },
    beside: besideTitles(browser, view),
    lanes: lanes === 0 ? 0 : lanes + 1,
    status: statusLine(browser, view, columns),
  };
}

/** Which trace is where, and whether both cursors are on one operation. */
function besideTitles({ beside }: Browser, { title, paint }: View): Frame['beside'] {
  if (beside === null) return null;
  const where = beside.exact ? 'at the same operation' : 'near it: only one has this';
  return {
    own: paint('strong', `A ${printable(title)}`),
    other: paint('strong', `B ${printable(basename(beside.file))} ${where}`),
  };
}

function lowerTitle({ lower, beside }: Browser): string {
  switch (lower.type) {
    case 'diff':
      return `▶ ${plural(beside?.differences.length ?? 0, 'difference')}, the first one first`;
    case 'why':
      return '▶ why: the event, and below it what led to it';
    case 'sql': {
      const { rows, more, sql } = lower.result;
      return `▶ ${rows.length}${more ? ' of more' : ''} rows: ${printable(sql).slice(0, 60)}`;
    }
    default:
      return 'details';
  }
}

const PROMPTS: Readonly<Record<PromptKind, string>> = {
  filter: 'only where (SQL condition; empty: all): ',
  search: '/',
  compare: 'compare with the trace: ',
  command: ':',
  sql: 'SQL: ',
};

function statusLine(browser: Browser, { paint }: View, width: number): string {
  const { prompt, message, pending } = browser;
  if (prompt !== null) return promptLine(prompt, message, width, paint);
  if (pending !== null)
    return paint('strong', pending === 'mark' ? 'mark: a letter' : 'to mark: a letter');
  if (message !== '') return paint('notable', cells(message, width));
  if (browser.help !== null) return paint('dim', 'any key closes the help; j k scroll');
  return paint('dim', cells(COMMANDS_HINTS[contextOf(browser)], width));
}

/** The line that is typed, scrolled so that its cursor is visible, and the words that may come. */
function promptLine(
  { kind, line }: Prompt,
  message: string,
  width: number,
  paint: View['paint'],
): string {
  const before = printable(line.text.slice(0, line.at));
  const rest = line.text.slice(line.at);
  const [at] = new Intl.Segmenter().segment(rest);
  const under = at?.segment ?? '';
  const after = printable(rest.slice(under.length));
  const room = Math.max(1, width - widthOf(PROMPTS[kind]) - 1);
  const cut = widthOf(before) > room ? `…${before.slice(-(room - 1))}` : before;
  const words = message === '' ? '' : paint('dim', `   ${printable(message)}`);
  return (
    paint('strong', PROMPTS[kind]) + cut + paint('cursor', printable(under) || ' ') + after + words
  );
}

/** Devices that have a lane. */
export const laneDevices = (browser: Browser): readonly string[] => devicesOf(browser.overview);
