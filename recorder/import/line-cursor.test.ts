/**
 * Goal: numbers and times are taken exactly, to 64 bits, and nothing of a line that is none.
 * Method: against BigInt, around every power of ten and of two.
 */
import { describe, expect, test } from 'vitest';
import { TimeWords } from '../../traces/index.js';
import { Cursor } from './line-cursor.js';

const at = (text: string) => {
  const cursor = new Cursor();
  cursor.set(Buffer.from(text), 0, text.length);
  return cursor;
};
const taken = ({ low, high }: Cursor) => (BigInt(high) << 32n) | BigInt(low);

const interesting = Array.from({ length: 20 }, (_, i) => 10n ** BigInt(i))
  .concat(Array.from({ length: 64 }, (_, i) => 1n << BigInt(i)))
  .flatMap((n) => [n - 1n, n, n + 1n])
  .concat(2n ** 64n - 1n);

describe('a number', () => {
  test.each(interesting)('a number is read as it is written: %s', (n) => {
    const decimal = at(`${n},`);
    expect(decimal.number()).toBe(true);
    expect([taken(decimal), decimal.at]).toEqual([n, String(n).length]);
    const hex = at(`0x${n.toString(16)},`);
    expect(hex.number()).toBe(true);
    expect(taken(hex)).toBe(n);
    const negative = at(`-${n}`);
    expect(negative.number()).toBe(true);
    expect(taken(negative)).toBe(BigInt.asUintN(64, -n));
  });

  test.each([
    '',
    'x',
    '-',
    '0y',
    '18446744073709551616',
    '1'.repeat(21),
    `0x${'f'.repeat(17)}`,
  ])('a text is no number: %j', (text) => {
    const cursor = at(text);
    const isZero = text === '0y';
    expect(cursor.number()).toBe(isZero);
    expect(cursor.at).toBe(isZero ? 1 : 0);
  });
});

describe('a time', () => {
  test.each([
    ['5', 5, 0],
    ['5.5', 5, 500_000_000],
    ['0.000001', 0, 1000],
    ['1795245532.728533', 1_795_245_532, 728_533_000],
    ['1.1234567891234', 1, 123_456_789],
    ['18446744072.999999999', 18_446_744_072, 999_999_999],
  ])('a time is read exactly: %s', (text, seconds, nanoseconds) => {
    // Twice by the same cursor: the second time the seconds are known.
    const cursor = at(`${text} ${text} `);
    for (let i = 0; i < 2; i++) {
      expect(cursor.time()).toBe(true);
      expect([cursor.seconds, cursor.nanoseconds]).toEqual([seconds, nanoseconds]);
      expect(cursor.byte(0x20)).toBe(true);
      const nanos = new TimeWords();
      nanos.set(cursor.seconds, cursor.nanoseconds);
      const expected = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
      expect((BigInt(nanos.high) << 32n) | BigInt(nanos.low)).toBe(expected);
    }
  });

  test.each(['', '.5', '5.', '5.x', '99999999999.0'])('a time not %j', (text) => {
    const cursor = at(text);
    expect(cursor.time()).toBe(false);
    expect(cursor.at).toBe(0);
  });
});
