/**
 * Goal: lines come out whole and in order however the input is cut into chunks, and an endless line
 * does not decide how much memory is used. Method: the same text in chunks of every size against
 * `split`, and an input that never ends a line.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LINE_BYTES_MAX, LineReader } from './lines.js';

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

const reader = (bytes: Buffer, size: number) =>
  new LineReader({ chunks: () => cut(bytes, Math.max(1, size)) });

describe('LineReader', () => {
  test('LineReader gives the lines of the input however it is cut, with their offsets', () => {
    const text = fc.array(fc.stringMatching(/^[ab\n]{0,9}$/)).map((parts) => parts.join('é'));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 20 }), (whole, size) => {
        const bytes = Buffer.from(whole);
        const lines = reader(bytes, size);
        const got: string[] = [];
        while (lines.next()) {
          got.push(lines.text());
          const end = lines.offset + (lines.end - lines.start);
          expect(bytes.subarray(lines.offset, end).toString()).toBe(lines.text());
        }
        const want = whole.split('\n');
        if (want.at(-1) === '') want.pop();
        expect(got).toEqual(want);
        expect(lines.line).toBe(want.length);
        if (want.length > 0) expect(lines.complete).toBe(whole.endsWith('\n'));
      }),
    );
  });

  test('LineReader hands an overlong line out in pieces and loses nothing', () => {
    const bytes = Buffer.concat([
      Buffer.alloc(LINE_BYTES_MAX * 3 + 7, 'x'),
      Buffer.from('\nend\n'),
    ]);
    for (const size of [100_000, LINE_BYTES_MAX, bytes.byteLength]) {
      const lines = reader(bytes, size);
      const lengths: number[] = [];
      while (lines.next()) lengths.push(lines.end - lines.start);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(LINE_BYTES_MAX);
      expect(lengths.at(-1)).toBe(3);
      expect(lengths.reduce((sum, n) => sum + n, 0)).toBe(LINE_BYTES_MAX * 3 + 7 + 3);
    }
  });
});
