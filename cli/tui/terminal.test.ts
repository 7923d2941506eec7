/**
 * Goal: the terminal shows the lines of the last screen and what is painted over them, whatever was
 * on it before. Method: a terminal for tests, and random screens.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestTerminal } from '../../tests/test-terminal.js';
import { type Rectangle, Terminal } from './terminal.js';

const line = fc.constantFrom('', 'a', 'bb', 'ccc');
const rectangle = fc
  .record({
    row: fc.nat(4),
    column: fc.nat(3),
    width: fc.integer({ min: 1, max: 3 }),
    letters: fc.array(fc.constantFrom('x', 'y'), { maxLength: 3 }),
  })
  .map(
    ({ letters, ...place }): Rectangle => ({
      ...place,
      lines: letters.map((letter) => letter.repeat(place.width)),
    }),
  );
const screens = fc.array(
  fc.tuple(fc.array(line, { minLength: 1, maxLength: 5 }), fc.array(rectangle, { maxLength: 2 })),
  { minLength: 1, maxLength: 8 },
);

/** The screen as it should be: the frame, and over it the rectangles one after the other. */
function composed(frame: readonly string[], rectangles: readonly Rectangle[]): string[] {
  const rows = frame.map((text) => [...text]);
  for (const { row, column, lines } of rectangles)
    lines.forEach((text, i) => {
      const cells = rows[row + i];
      if (cells === undefined) return;
      for (const [at, letter] of [...text].entries()) {
        while (cells.length < column + at) cells.push(' ');
        cells[column + at] = letter;
      }
    });
  return rows.map((cells) => `  ${cells.join('')}`.trimEnd());
}

const trimmed = (lines: readonly string[]) =>
  lines.slice(0, lines.findLastIndex((text) => text.trim() !== '') + 1);

test('what is shown last is on the screen, with what is painted over it', () => {
  fc.assert(
    fc.property(screens, (shown) => {
      const screen = new TestTerminal();
      const terminal = new Terminal(screen.write);
      terminal.open();
      for (const [frame, rectangles] of shown) {
        terminal.show(frame, rectangles);
        expect(trimmed(screen.text)).toEqual(trimmed(composed(frame, rectangles)));
      }
    }),
  );
});

test('only what changed is written, and all of it after the terminal was resized', () => {
  const screen = new TestTerminal();
  const terminal = new Terminal(screen.write);
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  const body = { row: 10, column: 20, width: 5, lines: Array.from({ length: 30 }, () => 'abcde') };
  terminal.show(lines, [body]);
  const whole = screen.written;
  terminal.show(lines, [body]);
  expect(screen.written).toBe(whole);
  terminal.show(lines, [{ ...body, lines: body.lines.with(7, 'edcba') }]);
  expect(screen.written - whole).toBeLessThan(40);
  screen.clear();
  terminal.forget();
  terminal.show(lines);
  expect(screen.text).toEqual(lines.map((text) => `  ${text}`));
});

test('the terminal is given back once, with its cursor and its mouse', () => {
  const written: string[] = [];
  const terminal = new Terminal((text) => written.push(text), true);
  terminal.open();
  terminal.close();
  terminal.close();
  expect(terminal.closing).toBe('');
  expect(written.at(-1)).toBe('\u001b[?1006l\u001b[?1002l\u001b[?25h\u001b[?1049l');
  expect(written.length).toBe(2);
});
