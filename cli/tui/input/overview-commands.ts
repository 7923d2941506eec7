/** Commands of the overview, and those that lead to it. */
import { ask, type Browser, cancelled, moveTo, type Step } from '../model/browser.js';
import { found } from '../model/jumps.js';
import { devicesOf, itemsOf, type Overview, selected } from '../model/overview.js';
import { type Command, type Context, LISTS, shows } from './command.js';
import { listMoves, type MoveCursor } from './list-moves.js';

const HERE: readonly Context[] = ['overview'];

const changed = (browser: Browser, change: Partial<Overview>): Browser => ({
  ...browser,
  overview: { ...browser.overview, ...change },
});

const moveCursor: MoveCursor = (browser, to) => {
  const { overview } = browser;
  return changed(browser, { cursor: to(overview.cursor, itemsOf(overview).length - 1) });
};

/** The first item of the next section: the events, the devices, the findings. */
function nextSection(overview: Overview): number {
  const findings = 1 + devicesOf(overview).length;
  const starts = [0, 1, findings].filter((start) => start < itemsOf(overview).length);
  return starts.find((start) => start > overview.cursor) ?? 0;
}

/** Shows what the cursor is on. */
function enter(browser: Browser, height: number): Step {
  const item = selected(browser.overview);
  switch (item.type) {
    case 'events':
      return { browser: toEvents(browser, height) };
    case 'device':
      return ask(browser, { type: 'device', device: item.device });
    case 'finding': {
      const { what, seqs } = item.finding;
      const search = { what: `"${what}"`, seqs: Float64Array.from(seqs) };
      return { browser: found(browser, search, height) };
    }
  }
}

/** The list, from the first event that is not a snapshot when it is entered first. */
function toEvents(browser: Browser, height: number): Browser {
  const events: Browser = { ...browser, screen: 'events' };
  if (browser.cursor > 0) return events;
  const { rows, calls, store } = browser;
  const snapshot = store.reader.dictionaries.kind.indexOf('snapshot');
  let row = 0;
  while (row < rows.length && calls.kindOf(rows.positionAt(row)) === snapshot) row++;
  return row === rows.length ? events : moveTo({ ...events, top: row }, row, height);
}

export const OVERVIEW_COMMANDS: readonly Command[] = [
  ...listMoves(HERE, moveCursor),
  {
    keys: ['tab'],
    shown: 'Tab',
    help: 'to the devices, to the findings, and around',
    in: HERE,
    hint: 'next part',
    run: shows((b) => changed(b, { cursor: nextSection(b.overview) })),
  },
  {
    keys: ['return', 'right', 'l'],
    shown: 'Enter',
    help: 'go there: all events, the story of a device, a finding',
    in: HERE,
    hint: 'go there',
    run: enter,
  },
  {
    keys: ['a'],
    help: 'list all devices, or only those to which something happened',
    in: HERE,
    hint: 'all devices',
    run: shows((b) => changed(b, { all: !b.overview.all, cursor: Math.min(b.overview.cursor, 1) })),
  },
  { keys: ['escape'], shown: 'Esc', help: 'stop looking', in: HERE, run: stop },
  {
    keys: ['o'],
    help: 'the overview',
    in: LISTS,
    hint: 'overview',
    run: shows((b) => ({ ...b, screen: 'overview' })),
  },
];

function stop(browser: Browser): Step {
  return browser.looking ? cancelled(browser) : { browser };
}
