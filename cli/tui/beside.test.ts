/**
 * Goal: a second trace is shown beside the first, both at the same operation wherever the cursor
 * goes.
 * Method: the browser on a terminal for tests, on a trace and one whose operations differ and come
 * later.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { compare } from '../../analysis/index.js';
import { type OnScreen, openOnScreen } from '../../tests/browser-on-screen.js';
import { buildTrace, type EventRow, scratchFolder } from '../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { current } from './model/browser.js';

const write = (name: string, text: string): EventRow => ({
  kind: 'sysfs.write',
  name,
  device: '0000:01:00.1',
  task: 'admin',
  tid: 1,
  text,
});
const marks = (count: number): EventRow[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'mark', text: `mark ${i}` }));

/** Writes at 10 to 12, then marks. */
const GOOD = [
  ...marks(10),
  write('driver_override', 'vfio-pci'),
  write('bind', '0000:01:00.1'),
  write('unbind', '0000:01:00.1'),
  ...marks(20),
];
/** The same writes without the second, at 50 and 51. */
const BAD = [
  ...marks(50),
  write('driver_override', 'vfio-pci'),
  write('unbind', '0000:01:00.1'),
  ...marks(5),
];
const bad = join(scratchFolder(), 'bad.arrows');
writeFileSync(bad, buildTrace(BAD, { batchRows: 7 }));

const opened: OnScreen[] = [];
afterEach(() => {
  for (const screen of opened.splice(0)) screen.close();
});

async function opening(): Promise<OnScreen> {
  const reader = new TraceReader(new MemorySource(buildTrace(GOOD, { batchRows: 7 })));
  const programs = {
    explain: async (seq: number) => ({ seq, known: false, chain: [] }),
    compare: async (file: string) => compare(reader, TraceReader.open(file), { pairs: true }),
  };
  const screen = await openOnScreen(reader, { columns: 120, rows: 40 }, { programs });
  opened.push(screen);
  return screen;
}

async function comparing(...keys: readonly string[]): Promise<OnScreen> {
  const screen = await opening();
  await screen.press('d', ...bad, 'return', ...keys);
  return screen;
}

/** The events under both cursors. */
const places = ({ session: { browser } }: OnScreen) => [
  current(browser)?.seq,
  browser.beside === null ? null : current(browser.beside.browser)?.seq,
];

test('a comparison shows what differs, at that place of both traces', async () => {
  const screen = await comparing();
  const text = screen.terminal.text.join('\n');
  expect(text).toMatch(/only in A: .*bind.*; not in B/);
  expect(text).toMatch(/≠write bind = /);
  expect(places(screen)).toEqual([11, 50]);
});

test('a comparison moves the second trace to the operation under the cursor of the first', async () => {
  const screen = await comparing('return', 'j');
  expect(places(screen)).toEqual([12, 51]);
  await screen.press('k', 'k');
  expect(places(screen)).toEqual([10, 50]);
  expect(screen.session.browser.beside?.exact).toBe(true);
  await screen.press('G');
  expect(places(screen)).toEqual([32, 51]);
  expect(screen.session.browser.beside?.exact).toBe(false);
});

test('a comparison ends, and the list is as before', async () => {
  const screen = await comparing('d');
  expect(screen.session.browser.beside).toBe(null);
  expect(screen.terminal.text.join('\n')).not.toContain('bad.arrows');
});

test('a comparison with a file that is not there says so', async () => {
  const screen = await comparing('d', 'd', ...'/no/file', 'return');
  expect(screen.session.browser.message).toBe('There is no file /no/file.');
});

test('a comparison fits any terminal', async () => {
  const screen = await comparing();
  for (const size of [
    { columns: 40, rows: 10 },
    { columns: 80, rows: 24 },
    { columns: 200, rows: 60 },
  ]) {
    screen.resize(size);
    const text = screen.terminal.text.join('\n');
    expect(text).toContain('write bind =');
    expect(text).toContain('only in A');
    expect(screen.terminal.text.length).toBeLessThanOrEqual(size.rows);
  }
});

test('a comparison that begins at an event stays there, and can be opened again there', async () => {
  const screen = await opening();
  screen.session.begin({ at: 12, where: null, other: bad });
  expect(screen.session.place).toEqual({ at: 12, where: null, other: bad });
  await screen.press('');
  expect(places(screen)).toEqual([12, 51]);
  expect(screen.session.place).toEqual({ at: 12, where: null, other: bad });
});
