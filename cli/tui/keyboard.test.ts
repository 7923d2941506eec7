/**
 * Goal: what a terminal sends for keys arrives as those keys, however fast it comes.
 * Method: the browser on a terminal for tests, with ink's parser of input.
 */
import { afterEach, expect, test } from 'vitest';
import { type OnScreen, openOnScreen } from '../../tests/browser-on-screen.js';
import { buildTrace } from '../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { current } from './model/browser.js';

const BYTES = buildTrace(
  Array.from({ length: 20 }, (_, i) => ({ kind: 'mark', text: `mark ${i}` }) as const),
);

let screen: OnScreen | null = null;
afterEach(() => screen?.close());

/** The browser after some input, each part of which comes by itself. */
async function after(...input: readonly string[]) {
  const reader = new TraceReader(new MemorySource(BYTES));
  screen = await openOnScreen(reader, { columns: 80, rows: 24 });
  for (const part of input) {
    screen.keyboard.feed(part);
    // The stream passes it on in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return screen.session.browser;
}

const DOWN = '\u001b[B';
const LEFT = '\u001b[D';
const DELETE = '\u001b[3~';
const BACKSPACE = '\u007f';

test('arrow keys between other keys that come at once are not lost', async () => {
  const browser = await after(`\rj${DOWN}j${DOWN}${DOWN}k`);
  expect(current(browser)?.seq).toBe(4);
});

test.each([
  ['together', [`fabcd${LEFT}${LEFT}${DELETE}`]],
  ['by themselves', ['f', 'a', 'b', 'c', 'd', LEFT, LEFT, DELETE]],
])('the delete key removes the character after the cursor, in keys that come %s', async (_, keys) => {
  const browser = await after(...keys);
  expect(browser.prompt?.line).toEqual({ text: 'abd', at: 2 });
});

test.each([
  ['together', [`fabcd${LEFT}${BACKSPACE}${BACKSPACE}`]],
  ['by themselves', ['f', 'abcd', LEFT, BACKSPACE, BACKSPACE]],
])('the backspace key removes the character before the cursor, in keys that come %s', async (_, keys) => {
  const browser = await after(...keys);
  expect(browser.prompt?.line).toEqual({ text: 'ad', at: 1 });
});
