/**
 * Goal: what is written is what is read, by our reader and by an independent Arrow implementation.
 * Method: random events (fast-check) and one hand-made trace, read back by `TraceReader` and
 * polars.
 */
import fc from 'fast-check';
import pl from 'nodejs-polars';
import { describe, expect, test } from 'vitest';
import {
  CELL,
  COLUMNS,
  highWord,
  lowWord,
  MemorySink,
  MemorySource,
  type TraceMeta,
  TraceReader,
  TraceWriter,
} from './index.js';

const META: TraceMeta = {
  clock: 'mono',
  writer: 'vfr test',
  kernel: '6.1.0',
  wallOffsetNs: -5n,
  notes: { host: 'lab' },
};

interface Row {
  readonly ts: bigint;
  readonly cpu: number | null;
  readonly tid: number | null;
  readonly task: string | null;
  readonly region: number | null;
  readonly value: bigint | null;
  readonly ret: number | null;
  readonly data: Uint8Array | null;
  readonly text: string | null;
}

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const word = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const rowArbitrary: fc.Arbitrary<Row> = fc.record({
  ts: word,
  cpu: optional(fc.nat(65535)),
  tid: optional(fc.nat(0xffff_ffff)),
  task: optional(fc.string({ unit: 'grapheme' })),
  region: optional(fc.integer({ min: -32768, max: 32767 })),
  value: optional(word),
  ret: optional(fc.integer()),
  data: optional(fc.uint8Array()),
  text: optional(fc.string({ unit: 'grapheme' })),
});

function writeRows(rows: readonly Row[], batchRows: number): Buffer {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, META, { batchRows });
  const { events } = writer;
  const event = events.row('ftrace-text');
  for (const row of rows) {
    event.start(events.kind('mark'), events.phase('point'));
    event.timeWords(Number(row.ts & 0xffff_ffffn), Number(row.ts >> 32n));
    if (row.cpu !== null) event.set(CELL.cpu, row.cpu);
    if (row.tid !== null) event.set(CELL.tid, row.tid);
    if (row.task !== null) event.set(CELL.task, events.id('task', row.task));
    if (row.region !== null) event.set(CELL.region, row.region);
    if (row.value !== null) event.setWords(CELL.value, lowWord(row.value), highWord(row.value));
    if (row.ret !== null) event.setNumber(CELL.ret, row.ret);
    if (row.data !== null) event.data(row.data);
    if (row.text !== null) event.text(row.text);
    events.append(event);
  }
  writer.finish();
  return sink.bytes();
}

function readRows(bytes: Buffer): Row[] {
  const rows: Row[] = [];
  for (const batch of new TraceReader(new MemorySource(bytes)).read()) {
    const int = (name: 'cpu' | 'tid' | 'region', i: number) =>
      batch.column(name).has(i) ? batch.column(name).at(i) : null;
    for (let i = 0; i < batch.rows; i++) {
      expect(batch.column('seq').number(i)).toBe(batch.seqFirst + i);
      const data = batch.column('data').at(i);
      rows.push({
        ts: batch.column('ts').big(i),
        cpu: int('cpu', i),
        tid: int('tid', i),
        task: batch.column('task').at(i),
        region: int('region', i),
        value: batch.column('value').has(i) ? batch.column('value').big(i) : null,
        ret: batch.column('ret').has(i) ? batch.column('ret').number(i) : null,
        data: data === null ? null : new Uint8Array(data),
        text: batch.column('text').text(i),
      });
    }
  }
  return rows;
}

describe('a trace file', () => {
  test('a trace file gives back what was written, whatever the batch size', () => {
    const cases = fc.tuple(fc.array(rowArbitrary), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(cases, ([rows, batchRows]) => {
        expect(readRows(writeRows(rows, batchRows))).toEqual(rows);
      }),
    );
  });

  test('a trace file is complete only with its end marker', () => {
    const bytes = writeRows([], 4);
    expect(new TraceReader(new MemorySource(bytes)).completeness.complete).toBe(true);
    const cut = new TraceReader(new MemorySource(bytes.subarray(0, -8)));
    expect(cut.completeness).toMatchObject({ complete: false, truncated: true });
  });

  test('a trace file keeps what it says of itself', () => {
    expect(new TraceReader(new MemorySource(writeRows([], 4))).meta).toEqual(META);
  });

  test('a trace file opens in polars with equal rows and values', () => {
    const rows = fc.sample(rowArbitrary, { numRuns: 500, seed: 1 });
    const frame = pl.readIPCStream(writeRows(rows, 64));
    expect(frame.columns).toEqual(COLUMNS.map((c) => c.name));
    expect(frame.height).toBe(rows.length);
    const column = (name: string) => frame.getColumn(name).toArray();
    expect(column('seq').map(Number)).toEqual(rows.map((_, i) => i));
    expect(column('ts').map(BigInt)).toEqual(rows.map((r) => r.ts));
    expect(column('value').map((v) => (v === null ? null : BigInt(v)))).toEqual(
      rows.map((r) => r.value),
    );
    const tasks = frame.getColumn('task').cast(pl.Utf8).toArray();
    expect(tasks).toEqual(rows.map((r) => r.task));
    expect(column('text')).toEqual(rows.map((r) => r.text));
    expect(column('region')).toEqual(rows.map((r) => r.region));
    expect(column('ret').map((v) => (v === null ? null : Number(v)))).toEqual(
      rows.map((r) => r.ret),
    );
  });
});

describe('event time', () => {
  test('seconds and nanoseconds are exact over 64 bits', () => {
    const times = fc.tuple(fc.integer({ min: 0, max: 18_446_744_072 }), fc.nat(999_999_999));
    fc.assert(
      fc.property(times, ([seconds, nanoseconds]) => {
        const sink = new MemorySink();
        const writer = new TraceWriter(sink, META);
        const row = writer.events.row('model');
        row.start(writer.events.kind('mark'), writer.events.phase('point'));
        row.time(seconds, nanoseconds);
        writer.events.append(row);
        writer.finish();
        const [batch] = new TraceReader(new MemorySource(sink.bytes())).read();
        expect(batch.column('ts').big(0)).toBe(
          BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds),
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('a loss that nobody can have had', () => {
  test('a loss that nobody can have had costs none of the events', () => {
    const sink = new MemorySink();
    const writer = new TraceWriter(sink, META);
    const row = writer.events.row('model');
    for (let i = 0; i < 2; i++) {
      row.start(writer.events.kind('lost'), writer.events.phase('point'));
      row.time(i, 0);
      row.setWords(CELL.value, lowWord((1n << 53n) + 1n), highWord((1n << 53n) + 1n));
      writer.events.append(row);
    }
    writer.finish();
    const reader = new TraceReader(new MemorySource(sink.bytes()));
    expect(reader.events).toBe(2);
    expect(reader.completeness).toMatchObject({ complete: false, damaged: 0 });
  });
});

test('names that the dictionary has no room for make a trace incomplete', () => {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, META);
  const { events } = writer;
  const row = events.row('model');
  for (let i = 0; i < 1 << 16; i++) {
    row.start(events.kind('mark'), events.phase('point'));
    row.set(CELL.device, events.id('device', `d${i}`));
    events.append(row);
  }
  writer.finish();
  const reader = new TraceReader(new MemorySource(sink.bytes()));
  expect(reader.dictionariesFull).toEqual(['device']);
  expect(reader.completeness).toMatchObject({ complete: false, damaged: 0, lost: 0 });
});
