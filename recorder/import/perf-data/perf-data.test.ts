/**
 * Goal: a perf.data gives the events that the text of `perf script` gives of the same recording, and
 * what is damaged of it costs no more than that.
 * Method: a real recording and perf's own text of it; the same records as a pipe, compressed, and of
 * a machine of the other byte order; fast-check breaks them.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ImportedRow, importBytes, inputOf } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { VfrError, zstdCompress } from '../../../traces/index.js';
import { perfScript } from '../perf/index.js';
import { recognise } from '../recognise.js';
import { perfData } from './index.js';

const bytes = testData('perf/perf.data.zst');
const whole = importBytes(perfData, bytes);
const script = importBytes(perfScript, testData('perf/default.txt.zst'));
/** What the two forms have in common: the text has no thread groups, nor sources of its own. */
const common = ({ pid: _, source: __, ...rest }: ImportedRow) => rest;

describe('a file of perf record', () => {
  test('a file of perf record is recognised', () => {
    expect(recognise(inputOf(bytes), undefined).importer).toBe(perfData);
  });

  test('a file of perf record has the records that perf script prints, by name', () => {
    expect(whole.report.records).toEqual(
      Object.fromEntries(
        Object.entries(script.report.records).map(([name, n]) => [name.replace(/^\w+:/, ''), n]),
      ),
    );
    expect(whole.report).toMatchObject({ unparsed: 0, lost: 0 });
  });

  test('a file of perf record gives the events that the text of perf script gives', () => {
    expect(whole.rows.map(common)).toEqual(script.rows.map(common));
  });

  test('a file of perf record tells the clock, the kernel, the command and the wall clock', () => {
    expect(perfData.meta(inputOf(bytes))).toMatchObject({
      clock: 'mono',
      kernel: '6.1.0-56-amd64',
      wallOffsetNs: 1795245739218029000n - 16634469708n,
      notes: { perf: '6.1.192', command: expect.stringContaining('record -a -k CLOCK_MONOTONIC') },
    });
  });
});

/** The records and parts of the file, to be written in other forms. */
const size = bytes.readUInt32LE(48);
const start = bytes.readUInt32LE(40);
const records = bytes.subarray(start, start + size);
const attributes = Array.from(
  { length: bytes.readUInt32LE(32) / bytes.readUInt32LE(16) },
  (_, i) => {
    const at = bytes.readUInt32LE(24) + i * bytes.readUInt32LE(16);
    const length = bytes.readUInt32LE(16) - 16;
    const ids = bytes.readUInt32LE(at + length);
    const attribute = bytes.subarray(at, at + length);
    return Buffer.concat([
      attribute,
      bytes.subarray(ids, ids + bytes.readUInt32LE(at + length + 8)),
    ]);
  },
);
/** Tracing data are the first part behind the records: bit 1 is the lowest that is set. */
const tracing = bytes.subarray(
  bytes.readUInt32LE(start + size),
  bytes.readUInt32LE(start + size) + bytes.readUInt32LE(start + size + 8),
);

function record(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(type, 0);
  header.writeUInt16LE(8 + body.byteLength, 6);
  return Buffer.concat([header, body]);
}

const word = (value: number) => {
  const number = Buffer.alloc(8);
  number.writeUInt32LE(value, 0);
  return number;
};

/** As `perf record -o -` writes it (perf tools/perf/util/synthetic-events.c). */
function pipe(body: Buffer = records): Buffer {
  const padding = Buffer.alloc(-tracing.byteLength & 7);
  return Buffer.concat([
    Buffer.from('PERFILE2'),
    word(16),
    ...attributes.map((attribute) => record(64, attribute)),
    record(66, word(tracing.byteLength).subarray(0, 4)),
    Buffer.concat([tracing, padding]),
    body,
  ]);
}

/** As `perf record -z` compresses records: one stream, cut anywhere. */
function compressed(type: 81 | 83): Buffer {
  const stream = zstdCompress(records);
  const pieces: Buffer[] = [];
  for (let at = 0; at < stream.byteLength; at += 5001) {
    const piece = Buffer.from(stream.subarray(at, at + 5001));
    const padding = Buffer.alloc(-piece.byteLength & 7);
    pieces.push(
      type === 81 ? record(81, piece) : record(83, word(piece.byteLength), piece, padding),
    );
  }
  return Buffer.concat(pieces);
}

describe('the same records', () => {
  // The header of `trace_event-read.c`'s record has no padding: its size is 12 there.
  test.each([
    ['through a pipe', pipe()],
    ['compressed (PERF_RECORD_COMPRESSED)', pipe(compressed(81))],
    ['compressed (PERF_RECORD_COMPRESSED2)', pipe(compressed(83))],
  ])('%s give the same events', (_, form) => {
    const { rows, report } = importBytes(perfData, form);
    expect(report).toEqual(whole.report);
    expect(rows).toEqual(whole.rows);
  });

  test('the same records of two CPUs in turns of a whole buffer are put into their order', () => {
    const times = whole.rows.map(({ ts }) => ts);
    expect(times).toEqual([...times].sort((a, b) => Number(a - b)));
  });
});

describe('a damaged file', () => {
  const form = pipe();
  const first = form.byteLength - records.byteLength;

  test('a damaged file that is cut gives the events before the cut, and says so', () => {
    fc.assert(
      fc.property(fc.integer({ min: first + 100_000, max: form.byteLength - 1 }), (end) => {
        const { rows, report } = importBytes(perfData, form.subarray(0, end));
        expect(rows.length).toBeGreaterThan(100);
        expect(rows.length).toBeLessThanOrEqual(whole.rows.length);
        if (rows.length < whole.rows.length - 10) expect(report.stopped?.why).toMatch(/cut/);
      }),
      { numRuns: 10 },
    );
  });

  test('a damaged file without its formats keeps every sample as a log event, and says so', () => {
    const unfinished = Buffer.from(bytes.subarray(0, start + size));
    unfinished.fill(0, 48, 56);
    const { rows, report } = importBytes(perfData, unfinished);
    const count = Object.values(whole.report.records).reduce((a, b) => a + b, 0);
    expect(report).toMatchObject({
      unparsed: count,
      stopped: { why: expect.stringMatching(/did not finish/) },
    });
    expect(rows.every(({ kind }) => kind === 'log')).toBe(true);
  });

  test('a damaged file anywhere gives events or a typed error, never more events than records', () => {
    const small = pipe(records.subarray(0, 60_000));
    const edit = fc.record({ at: fc.nat(small.byteLength - 8), value: fc.nat(0xffff_ffff) });
    // What decides how all is read stands at the beginning.
    const near = fc.record({ at: fc.nat(4000), value: fc.nat(0xffff_ffff) });
    fc.assert(
      fc.property(fc.array(fc.oneof(edit, near), { minLength: 1, maxLength: 6 }), (edits) => {
        const broken = Buffer.from(small);
        for (const { at, value } of edits) broken.writeUInt32LE(value, at);
        try {
          importBytes(perfData, broken);
        } catch (error) {
          expect(error).toBeInstanceOf(VfrError);
        }
      }),
      { numRuns: 150 },
    );
  });
});
