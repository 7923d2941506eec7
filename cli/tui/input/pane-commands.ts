/** Commands of the panes below the list: the causes of an event, a device's state, SQL rows. */

import { toDifference } from '../model/beside.js';
import { type Browser, jumpTo, type Lower, type Step } from '../model/browser.js';
import { currentDevice } from '../model/jumps.js';
import { STATE_FIELDS, setBy } from '../model/state-history.js';
import { type Command, type Context, shows } from './command.js';
import { why } from './jump-commands.js';
import { listMoves, type MoveCursor } from './list-moves.js';

const PANES: readonly Context[] = ['why', 'state', 'sql', 'diff'];

/** Number of rows of a pane. */
function lengthOf({ lower, beside }: Browser): number {
  switch (lower.type) {
    case 'details':
      return 0;
    case 'why':
      return lower.causes.length;
    case 'state':
      return STATE_FIELDS.length;
    case 'sql':
      return lower.result.rows.length;
    case 'diff':
      return beside?.differences.length ?? 0;
  }
}

const moveCursor: MoveCursor = (browser, to, height) => {
  const { lower } = browser;
  if (lower.type === 'details') return browser;
  const last = Math.max(0, lengthOf(browser) - 1);
  const cursor = to(lower.cursor, last);
  const moved: Browser = { ...browser, lower: { ...lower, cursor } };
  // Both traces show the difference under the cursor.
  return lower.type === 'diff' ? toDifference(moved, cursor, height) : moved;
};

const closed = (browser: Browser): Browser => ({ ...browser, lower: { type: 'details' } });

/** Goes to what is under the cursor of the pane. */
function enter(browser: Browser, height: number): Step {
  const { lower } = browser;
  switch (lower.type) {
    case 'details':
      return { browser };
    case 'diff':
      return { browser: closed(toDifference(browser, lower.cursor, height)) };
    case 'why': {
      const { seq } = lower.causes[lower.cursor];
      return seq === null ? { browser } : { browser: jumpTo(browser, seq, height) };
    }
    case 'state':
      return toSetter(browser, lower.cursor, height);
    case 'sql':
      return { browser: toRow(browser, lower, height) };
  }
}

/** To the event that set a value of the state. */
function toSetter(browser: Browser, field: number, height: number): Step {
  const device = currentDevice(browser);
  if (device === null) return { browser };
  const { store, rows, cursor } = browser;
  const changes = browser.overview.insights.changesOf(device);
  const seq = setBy(changes, STATE_FIELDS[field].of, store.seqAt(rows.positionAt(cursor)));
  if (seq !== null) return why(jumpTo(browser, seq, height));
  return { browser: { ...browser, message: 'It was so when the recording began.' } };
}

/** To the event of a row of SQL: its first column whose name ends in `seq`. */
function toRow(browser: Browser, lower: Lower & { type: 'sql' }, height: number): Browser {
  const { columns, rows } = lower.result;
  const column = columns.findIndex((name) => /(^|_)seq$/.test(name));
  const text = rows[lower.cursor]?.[column] ?? '';
  if (/^\d+$/.test(text)) return jumpTo(browser, Number(text), height);
  return { ...browser, message: 'This row has no column seq to go to.' };
}

function toState(browser: Browser): Step {
  return { browser: { ...browser, lower: { type: 'state', cursor: 0 } } };
}

export const PANE_COMMANDS: readonly Command[] = [
  {
    keys: ['tab'],
    shown: 'Tab',
    help: 'to the state of the device, and back',
    in: ['events'],
    hint: 'state',
    run: toState,
  },
  {
    keys: ['tab', 'escape'],
    shown: 'Tab Esc',
    help: 'close this pane',
    hint: 'close',
    in: PANES,
    run: shows(closed),
  },
  {
    keys: ['return'],
    shown: 'Enter',
    help: 'go to this event',
    in: ['why', 'sql', 'diff'],
    hint: 'go there',
    run: enter,
  },
  {
    keys: ['return', 'w'],
    shown: 'Enter w',
    help: 'who set this: the event that set this value, and why',
    in: ['state'],
    hint: 'who set this',
    run: enter,
  },
  ...listMoves(PANES, moveCursor),
];
