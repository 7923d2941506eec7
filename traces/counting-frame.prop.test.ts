/**
 * Goal: a counting frame is a valid zstd frame of exactly the integers it stands for.
 * Method: libzstd (an independent decoder) decompresses frames of random beginnings and lengths,
 * among them every way a segment can end and every carry into a higher byte.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { COUNTING_MIN, countingFrame } from './counting-frame.js';

function expectCounting(first: number, count: number): void {
  const wanted = BigUint64Array.from({ length: count }, (_, i) => BigInt(first) + BigInt(i));
  const found = decompress(countingFrame(first, count));
  expect(found.equals(Buffer.from(wanted.buffer)), `${first} + ${count}`).toBe(true);
}

describe('a counting frame', () => {
  test('a counting frame decompresses to consecutive integers, wherever it begins and ends', () => {
    const edges = fc.constantFrom(0, 255, 256, 65_535, 65_536, 2 ** 24, 2 ** 32, 2 ** 39);
    const first = fc
      .tuple(edges, fc.integer({ min: -5000, max: 5000 }))
      .map(([edge, by]) => Math.max(0, edge + by));
    const count = fc.integer({ min: COUNTING_MIN, max: COUNTING_MIN + 600 });
    fc.assert(fc.property(first, count, expectCounting), { numRuns: 300 });
  });

  test('a counting frame ends right after any value of a segment', () => {
    for (let more = 0; more < 520; more++) expectCounting(0, COUNTING_MIN + more);
  });

  test('a counting frame is far smaller than what it stands for', () => {
    expect(countingFrame(12_345, 65_536).byteLength).toBeLessThan(65_536 / 10);
  });
});
