/**
 * Goal: what the browser shows is reviewed as text: a change of a screen is a diff of its file here.
 * Method: keys on the recording of a real kernel that was replayed, on a terminal of 80 columns and on
 * one of 120; `npm run golden -- --update` renews the files.
 */
import { expect, test } from 'vitest';
import { BackgroundReplay } from '../../cli/tui/background-replay.js';
import { type Browser, openBrowser } from '../../cli/tui/browser.js';
import { press } from '../../cli/tui/browser-commands.js';
import { painter } from '../../cli/tui/cell-text.js';
import { EventStore } from '../../cli/tui/event-store.js';
import { drawScreen, listRows, type ViewModel } from '../../cli/tui/screen.js';
import { zeroOf } from '../../traces/index.js';
import { importedCapture } from '../captures.js';

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
];

const reader = importedCapture('sriov-on-r1');
const replay = new BackgroundReplay(reader);
await replay.run(() => {});
const view: ViewModel = {
  title: 'sriov-on-r1.arrows',
  start: zeroOf(reader) ?? 0n,
  paint: painter(false),
  replay,
};

/** Screens by what was done before, starting from the first event. */
const SCREENS: Record<string, readonly string[]> = {
  'the first screen': [],
  'help: ?': ['?'],
  'the next bind: b': ['b'],
  'the next event of its device: d': ['b', 'd'],
  'the next probe, and its end: p s': ['p', 's'],
  'the last event: G': ['G'],
  'an event by number, while it is typed: :12': [':', '1', '2'],
  'a search that was not made: n': ['n'],
};

const CODES = /\u001b\[\d*m/g;
/** A line of a screen; the mark in front of it is for reverse video, which shows the cursor. */
const asText = (line: string): string =>
  `${line.startsWith('\u001b[7m') ? '>' : ' '} ${line.replaceAll(CODES, '')}`.trimEnd();

test.each(
  SIZES,
)('the screens of a terminal of $columns columns are drawn as its file shows', async (size) => {
  const rows = listRows(size);
  const draw = (browser: Browser) => drawScreen(browser, view, size).map(asText).join('\n');
  const open = () => openBrowser(new EventStore(reader));
  const texts = Object.entries(SCREENS).map(([what, keys]) => {
    const browser = keys.reduce((b, key) => press(b, key, rows).browser, open());
    return `== ${what}\n${draw(browser)}\n`;
  });
  await expect(texts.join('\n')).toMatchFileSnapshot(`screens-${size.columns}x${size.rows}.txt`);
});
