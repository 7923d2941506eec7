/**
 * Goal: DuckDB never sees invalid UTF-8, and valid text is untouched.
 * Method: columns of random bytes, cut at random places also within characters; Node decides what
 * is valid and what a text reads as.
 */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BytesView } from '../traces/index.js';
import { validText } from './utf8.js';

function viewOf(cells: readonly Uint8Array[]): BytesView {
  const offsets = new Int32Array(cells.length + 1);
  cells.forEach((cell, i) => {
    offsets[i + 1] = offsets[i] + cell.byteLength;
  });
  return new BytesView(null, offsets, Buffer.concat(cells));
}

const part = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 6 }),
  // The first and the second half of one character, as two texts.
  fc.constantFrom(Buffer.from([0xe6, 0xbc]), Buffer.from([0xa2])),
);

test('every text is valid and reads as before', () => {
  fc.assert(
    fc.property(fc.array(part), (cells) => {
      const view = viewOf(cells);
      const valid = validText(view);
      cells.forEach((_, row) => {
        expect(isUtf8(valid.at(row)!)).toBe(true);
        expect(valid.text(row)).toBe(view.text(row));
      });
      if (cells.every((cell) => isUtf8(cell))) expect(valid).toBe(view);
    }),
  );
});
