/**
 * Goal: the matching finds what two sequences have in common, in order, at any length.
 * Method: random sequences against the length of their longest common subsequence, computed by the
 * textbook table; and long sequences with known differences.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchSequences } from './match-sequences.js';

/** Length of the longest common subsequence, by dynamic programming. */
function commonLength(a: readonly number[], b: readonly number[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const x of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++) {
      next.push(x === b[j] ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    }
    row = next;
  }
  return row[b.length];
}

const matched = (matches: Int32Array) => matches.filter((j) => j >= 0).length;
const sequence = (max: number, length: number) =>
  fc.array(fc.integer({ min: 0, max }), { maxLength: length });

describe('matchSequences', () => {
  test('matchSequences gives ascending pairs of equal elements, as many as there can be', () => {
    fc.assert(
      fc.property(sequence(3, 22), sequence(3, 22), (a, b) => {
        const matches = matchSequences(Int32Array.from(a), Int32Array.from(b));
        let last = -1;
        for (const [i, j] of matches.entries()) {
          if (j < 0) continue;
          expect(j).toBeGreaterThan(last);
          expect(a[i]).toBe(b[j]);
          last = j;
        }
        // Shorter than a run, so that nothing is taken before its time.
        expect(matched(matches)).toBe(commonLength(a, b));
      }),
      { numRuns: 500 },
    );
  });

  test('matchSequences gets in step again after every difference, however long the sequences are', () => {
    const period = 31;
    const a = Array.from({ length: 100_000 }, (_, i) => (i * i) % period);
    const b = a.filter((_, i) => i % 1000 !== 7);
    b.splice(500, 0, 99, 99, 99);
    const matches = matchSequences(Int32Array.from(a), Int32Array.from(b));
    expect(matched(matches)).toBe(b.length - 3);
  });

  test('matchSequences finds the common part of recordings that cover different times', () => {
    let state = 1;
    const random = (length: number) =>
      Array.from({ length }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return (state >>> 16) % 20;
      });
    const common = random(30_000);
    const a = [...random(20_000), ...common];
    const b = [...common.slice(4000), ...random(9000)];
    const matches = matchSequences(Int32Array.from(a), Int32Array.from(b));
    for (let i = 0; i < 26_000; i++) expect(matches[24_000 + i]).toBe(i);
  });

  test('matchSequences gives up on what has nothing in common, in bounded time', () => {
    const a = new Int32Array(20_000).fill(1);
    const b = new Int32Array(20_000).fill(2);
    expect(matched(matchSequences(a, b))).toBe(0);
    expect(matched(matchSequences(a, new Int32Array(0)))).toBe(0);
  });
});
