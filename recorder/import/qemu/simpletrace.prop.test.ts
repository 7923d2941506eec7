/**
 * Goal: whatever happens to the bytes of a simpletrace file, a record is given as QEMU wrote it or,
 * when its own bytes were changed, may be given changed; it never holds bytes of another one, and
 * what is missing is told.
 * Method: files of made-up records, each of its own time, cut, with bytes taken out or put in.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ImportedRow, importBytes } from '../../../tests/import-bytes.js';
import { qemuSimpletrace } from './simpletrace.js';

const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);
const HEAD = [u64(2n ** 64n - 1n), u64(0xf2b177cb0aa429b4n)];
const NAME = Buffer.from('vfio_made_up');
const typed = (version: bigint, type: bigint) => (version === 4n ? [u64(type)] : []);

interface Trace {
  readonly bytes: Buffer;
  /** Where each record begins, and the end. */
  readonly starts: readonly number[];
}

/** Events of number 9 at the times 1, 2, … with the given arguments. */
function traceOf(version: bigint, payloads: readonly Uint8Array[]): Trace {
  const parts = [...HEAD, u64(version)];
  if (version === 4n) parts.push(u64(0n), u64(9n), u32(NAME.byteLength), NAME);
  const starts = [Buffer.concat(parts).byteLength];
  for (const [i, payload] of payloads.entries()) {
    const head = [u64(9n), u64(BigInt(i + 1)), u32(24 + payload.byteLength), u32(4711)];
    const record = Buffer.concat([...typed(version, 1n), ...head, payload]);
    parts.push(record);
    starts.push(starts[i] + record.byteLength);
  }
  return { bytes: Buffer.concat(parts), starts };
}

/** Arguments of no small bytes, which could be those of a head. */
const payload = fc
  .array(fc.integer({ min: 16, max: 255 }), { minLength: 40, maxLength: 120 })
  .map((bytes) => Uint8Array.from(bytes));
const arbitrary = fc.record({
  version: fc.constantFrom(3n, 4n),
  payloads: fc.array(payload, { minLength: 3, maxLength: 8 }),
  at: fc.nat(),
  count: fc.integer({ min: 1, max: 200 }),
});

const read = (bytes: Buffer) => importBytes(qemuSimpletrace, bytes, 97);
const events = (rows: readonly ImportedRow[]) => rows.filter(({ kind }) => kind === 'log');

/** Every event is one of the whole file, in its order, and a missing one is told. */
function expectSound(damaged: Buffer, payloads: readonly Uint8Array[], whole: number) {
  const { rows, report } = read(damaged);
  const found = events(rows);
  for (const { ts, data } of found) expect(data).toEqual(Buffer.from(payloads[Number(ts) - 1]));
  expect(found.map(({ ts }) => ts)).toEqual([...new Set(found.map(({ ts }) => ts))]);
  expect(found.length).toBeGreaterThanOrEqual(whole);
  if (found.length < payloads.length) {
    expect(report.lost > 0 || report.stopped !== undefined).toBe(true);
  }
}

test('a simpletrace without some bytes gives records of the whole one', () => {
  fc.assert(
    fc.property(arbitrary, ({ version, payloads, at, count }) => {
      const { bytes, starts } = traceOf(version, payloads);
      const first = starts[0] + (at % (bytes.byteLength - starts[0]));
      const last = Math.min(bytes.byteLength, first + count);
      // A record whose missing bytes are exactly those of others is whole again: nothing tells.
      const hit = starts.findLastIndex((start) => start <= first);
      fc.pre(!starts.includes(starts[hit + 1] + last - first) && !starts.includes(first));
      const damaged = Buffer.concat([bytes.subarray(0, first), bytes.subarray(last)]);
      const after = starts.findIndex((start) => start >= last);
      const behind = Math.max(0, payloads.length - after);
      // The record before the place may be lost as well, and one alone behind it is at the end.
      expectSound(damaged, payloads, Math.max(0, hit - 1) + behind);
    }),
    { numRuns: 40 },
  );
});

test('a simpletrace with more bytes gives records of the whole one', () => {
  const filling = fc.constantFrom(0, 0x5a, 0xff);
  fc.assert(
    fc.property(arbitrary, filling, ({ version, payloads, at, count }, byte) => {
      const { bytes, starts } = traceOf(version, payloads);
      const where = at % payloads.length;
      const first = starts[where];
      const parts = [bytes.subarray(0, first), Buffer.alloc(count, byte), bytes.subarray(first)];
      expectSound(Buffer.concat(parts), payloads, Math.max(0, where - 1) + payloads.length - where);
    }),
    { numRuns: 40 },
  );
});

test('a simpletrace that is cut anywhere gives what came before the cut', () => {
  fc.assert(
    fc.property(arbitrary, ({ version, payloads, at }) => {
      const { bytes, starts } = traceOf(version, payloads);
      const end = starts[0] + (at % (bytes.byteLength - starts[0]));
      // Nothing tells that a file is cut between two records.
      fc.pre(!starts.includes(end));
      const whole = starts.filter((start) => start <= end).length - 1;
      const { rows } = read(bytes.subarray(0, end));
      expect(events(rows).map(({ ts }) => Number(ts))).toEqual(
        Array.from({ length: whole }, (_, i) => i + 1),
      );
      expectSound(bytes.subarray(0, end), payloads, whole);
    }),
    { numRuns: 40 },
  );
});

test('zeros in the middle, as of a page that was never written', () => {
  const payloads = [1, 2, 3, 4].map((n) => new Uint8Array(32).fill(n));
  for (const version of [3n, 4n]) {
    const { bytes, starts } = traceOf(version, payloads);
    const zeros = Buffer.alloc(4096);
    const damaged = Buffer.concat([bytes.subarray(0, starts[2]), zeros, bytes.subarray(starts[2])]);
    const { rows, report } = read(damaged);
    expect(rows.map(({ kind }) => kind)).toEqual(['log', 'log', 'lost', 'log', 'log']);
    expect(report).toMatchObject({ lost: 1, unparsed: 0 });
    expect(report.stopped).toBeUndefined();
  }
});
