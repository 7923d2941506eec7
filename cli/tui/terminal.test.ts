/**
 * Goal: the terminal shows the lines of the last screen, whatever was on it before.
 * Method: a terminal that knows only the sequences that are used, and random screens.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Terminal } from './terminal.js';

/** Rows of text as a terminal would have them. @throws when it meets a sequence it does not know */
class Screen {
  readonly rows = new Map<number, string>();
  written = 0;
  #row = 0;

  readonly write = (text: string): void => {
    this.written += text.length;
    for (const [, parameters, end, plain] of text.matchAll(/\u001b\[([?\d;]*)(\w)|([^\u001b]+)/g)) {
      if (plain !== undefined) this.rows.set(this.#row, plain);
      else if (end === 'H') this.#row = Number(parameters.split(';')[0]) - 1;
      else if (end === 'K') this.rows.delete(this.#row);
      else if (end === 'J') this.rows.clear();
      else if (!/^\?(1049|25|2026)[hl]$/.test(parameters + end)) throw new Error(parameters + end);
    }
  };

  get text(): string[] {
    const last = Math.max(-1, ...this.rows.keys());
    return Array.from({ length: last + 1 }, (_, row) => this.rows.get(row) ?? '');
  }
}

const line = fc.constantFrom('', 'a', 'bb', 'ccc');
const screens = fc.array(fc.array(line, { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 8,
});
const trimmed = (lines: readonly string[]) => lines.slice(0, lines.findLastIndex((l) => l) + 1);

test('what is shown last is on the screen', () => {
  fc.assert(
    fc.property(screens, (shown) => {
      const screen = new Screen();
      const terminal = new Terminal(screen.write);
      terminal.open();
      for (const lines of shown) terminal.show(lines);
      expect(screen.text).toEqual(trimmed(shown.at(-1)!));
    }),
  );
});

test('only what changed is written, and all of it after the terminal was resized', () => {
  const screen = new Screen();
  const terminal = new Terminal(screen.write);
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  terminal.show(lines);
  const whole = screen.written;
  terminal.show(lines);
  expect(screen.written).toBe(whole);
  terminal.show(lines.with(7, 'another'));
  expect(screen.written - whole).toBeLessThan(60);
  screen.rows.clear();
  terminal.forget();
  terminal.show(lines);
  expect(screen.text).toEqual(lines);
});
