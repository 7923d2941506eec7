import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstIndex } from './first-index.js';
import { fromWords, highWord, lowWord } from './words.js';

test('two words hold all 64 bits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      expect(fromWords(lowWord(value), highWord(value))).toBe(value);
    }),
  );
});

test('a negative value is in two’s complement', () => {
  expect([lowWord(-1n), highWord(-1n)]).toEqual([0xffff_ffff, 0xffff_ffff]);
  expect([lowWord(-22n), highWord(-22n)]).toEqual([0xffff_ffea, 0xffff_ffff]);
});

test('bisection finds what a search from the left finds', () => {
  const ascending = fc.array(fc.nat(20)).map((values) => values.sort((a, b) => a - b));
  fc.assert(
    fc.property(ascending, fc.nat(21), (values, value) => {
      const from = values.findIndex((v) => v >= value);
      const expected = from < 0 ? values.length : from;
      expect(firstIndex(values.length, (i) => values[i] >= value)).toBe(expected);
    }),
  );
});
