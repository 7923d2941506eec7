/**
 * Goal: a damaged trace.dat is read as far as it can be, or refused with the place: never an error
 * of our own making, never more records than it had, never without end.
 * Method: files written by the manual with bytes changed, taken out and put in at random.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bytes, buildTraceDat, type RecordSpec } from '../../../tests/build-trace-dat.js';
import { importBytes } from '../../../tests/import-bytes.js';
import { ftraceEvents } from '../../../tests/trace-dat-events.js';
import { VfrError } from '../../../traces/index.js';
import { traceDat } from './index.js';

const RECORDS = 40;

function file(version: 6 | 7, isBig: boolean): Buffer {
  const bytes = new Bytes(isBig);
  const records = Array.from(
    { length: RECORDS },
    (_, i): RecordSpec => ({
      ...{ cpu: i & 1, time: 5_000_000_000n + BigInt(i) * 1000n, event: 5, tid: 1 },
      body: Buffer.concat([bytes.u64(0xffff_ffff_8100_0000n), Buffer.from(`mark ${i}\n\0`)]),
    }),
  );
  return buildTraceDat({
    ...{ version, isBig, longBytes: 8, clock: 'mono', records, events: ftraceEvents(8) },
    commandLines: '1 my task\n',
  });
}

const FILES = ([6, 7] as const).flatMap((version) => [file(version, false), file(version, true)]);

/** One change: bytes from `at` (0 to 1 of the file), of which `cut` go and `put` come. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat({ max: 9 }),
  put: fc.uint8Array({ maxLength: 9 }),
});

function damaged(bytes: Buffer, { at, cut, put }: { at: number; cut: number; put: Uint8Array }) {
  const from = Math.floor(at * bytes.length);
  return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
}

test('an undamaged one has all', () => {
  for (const bytes of FILES) {
    expect(importBytes(traceDat, bytes).report).toMatchObject({ records: { print: RECORDS } });
  }
});

test('damage is told or costs no more than what it is in', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...FILES),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (bytes, changes) => {
        try {
          const { report, rows } = importBytes(traceDat, changes.reduce(damaged, bytes));
          const counts = Object.values(report.records).reduce((sum, count) => sum + count, 0);
          // What is in the place of another event's number can be many, of no more bytes than before.
          expect(counts).toBeLessThanOrEqual(bytes.length / 4);
          expect(rows.length).toBeLessThanOrEqual(bytes.length / 4);
        } catch (error) {
          if (!(error instanceof VfrError)) throw error;
          expect(error.kind).not.toBe('internal');
        }
      },
    ),
    { numRuns: 300 },
  );
});
