/**
 * Goal: progress goes to terminals only, seldom, and leaves nothing behind. Method: a terminal and a
 * clock that the test holds.
 */
import { describe, expect, test } from 'vitest';
import { formatProgress, Progress, type Terminal } from './progress.js';

function setUp(terminal: Omit<Terminal, 'write'>, kind = 'xterm') {
  const written: string[] = [];
  const clock = { ms: 1000 };
  const progress = new Progress({
    terminal: { ...terminal, write: (text) => written.push(text) },
    now: () => clock.ms,
    kind,
  });
  return { written, clock, progress };
}

/** Reads a file of 100 MiB in a second, a mebibyte at a time. */
function read({ clock, progress }: ReturnType<typeof setUp>): void {
  progress.start('trace.txt');
  for (let i = 1; i <= 100; i++) {
    clock.ms += 10;
    progress.update(i << 20, 100 << 20);
  }
  progress.clear();
}

test('a terminal sees a line now and then, which is cleared', () => {
  const set = setUp({ isTTY: true, columns: 100 });
  read(set);
  expect(set.written).toEqual([
    '\r\u001b[Ktrace.txt: 50 % of 100.0 MiB, 100.0 MiB/s, 500 ms left',
    '\r\u001b[Ktrace.txt: 70 % of 100.0 MiB, 100.0 MiB/s, 300 ms left',
    '\r\u001b[Ktrace.txt: 90 % of 100.0 MiB, 100.0 MiB/s, 100 ms left',
    '\r\u001b[K',
  ]);
});

test.each([
  ['a pipe', setUp({})],
  ['a dumb terminal', setUp({ isTTY: true }, 'dumb')],
])('progress is not shown to %s', (_, set) => {
  read(set);
  expect(set.written).toEqual([]);
});

test('short work shows nothing', () => {
  const set = setUp({ isTTY: true });
  set.progress.start('short.txt');
  set.clock.ms += 100;
  set.progress.update(10, 20);
  set.progress.clear();
  expect(set.written).toEqual([]);
});

test('a long name does not break the line', () => {
  const set = setUp({ isTTY: true, columns: 40 });
  set.progress.start('x'.repeat(100));
  set.clock.ms += 1000;
  set.progress.update(1 << 20, 0);
  expect(set.written[0].length).toBe('\r\u001b[K'.length + 39);
  expect(set.written[0]).toMatch(/xx: 1\.0 MiB, 1\.0 MiB\/s$/);
});

describe('what is shown', () => {
  test('progress without a size shows only what is known', () => {
    expect(formatProgress(3 << 20, 0, 2000)).toBe('3.0 MiB, 1.5 MiB/s');
  });

  test('more bytes than the file has are no more than all', () => {
    expect(formatProgress(30, 20, 1000)).toBe('100 % of 20 B, 30 B/s, 0 ns left');
  });
});
