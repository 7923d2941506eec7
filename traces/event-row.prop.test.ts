/**
 * Goal: what a row holds when it is appended is what a reader finds, nulls included, however the
 * row was used before.
 * Method: one row is filled again and again with random columns, in batches of all sizes; the
 * expected events are kept as plain objects beside it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CELL,
  type EventRow,
  MemorySink,
  MemorySource,
  TraceReader,
  TraceWriter,
} from './index.js';

const INTS = ['cpu', 'pid', 'tid', 'region'] as const;
const WORDS = ['span', 'offset', 'length', 'value', 'ret'] as const;
const RANGES = { cpu: [0, 0xffff], pid: [0, 0xffff_ffff], tid: [0, 0xffff_ffff] } as const;

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const event = fc.record(
  {
    ts: u64,
    cpu: fc.integer({ min: RANGES.cpu[0], max: RANGES.cpu[1] }),
    pid: fc.integer({ min: RANGES.pid[0], max: RANGES.pid[1] }),
    tid: fc.integer({ min: RANGES.tid[0], max: RANGES.tid[1] }),
    region: fc.integer({ min: -0x8000, max: 0x7fff }),
    device: fc.constantFrom('0000:01:00.0', '0000:01:00.1', '0000:02:00.0'),
    span: u64,
    offset: u64,
    length: u64,
    value: u64,
    ret: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  },
  { requiredKeys: ['ts'] },
);

type Given = typeof event extends fc.Arbitrary<infer T> ? T : never;

test('rows are read back as they were appended', () => {
  const rows = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), rows, fc.boolean(), (events, batch, copies) => {
      expect(readBack(write(events, batch, copies))).toEqual(events.map(withNulls));
    }),
  );
});

/** @param copies whether each event is appended from a copy of the row */
function write(events: readonly Given[], batchRows: number, copies: boolean): Buffer {
  const sink = new MemorySink();
  const meta = { clock: 'mono', writer: 'test', notes: {} };
  const writer = new TraceWriter(sink, meta, { batchRows });
  const row = writer.events.row('model');
  const copy = writer.events.row('model');
  for (const given of events) {
    fill(row, given, writer);
    copy.copy(row);
    copy.timeWords(row.cells[CELL.ts], row.cells[CELL.ts + 1]);
    const [low, high] = row.cells.subarray(CELL.span);
    if (row.has(CELL.span)) copy.setWords(CELL.span, low, high);
    writer.events.append(copies ? copy : row);
  }
  writer.finish();
  return sink.bytes();
}

function fill(row: EventRow, given: Given, { events }: TraceWriter): void {
  row.clear();
  row.set(CELL.kind, events.kind('mark'));
  row.set(CELL.phase, events.phase('point'));
  row.timeWords(...words(given.ts));
  for (const name of INTS) if (given[name] !== undefined) row.set(CELL[name], given[name]);
  for (const name of WORDS) {
    if (given[name] !== undefined) row.setWords(CELL[name], ...words(given[name]));
  }
  const { device } = given;
  if (device !== undefined) row.set(CELL.device, events.dictionaries.device.id(device));
}

const words = (value: bigint): [low: number, high: number] => [
  Number(BigInt.asUintN(32, value)),
  Number(BigInt.asUintN(32, value >> 32n)),
];

const NAMES = ['ts', ...INTS, 'device', ...WORDS] as const;

const withNulls = (given: Given) =>
  Object.fromEntries(NAMES.map((name) => [name, given[name] ?? null]));

function readBack(bytes: Buffer): unknown[] {
  const reader = new TraceReader(new MemorySource(bytes));
  const events: unknown[] = [];
  for (const batch of reader.read()) {
    const times: bigint[] = [];
    for (let row = 0; row < batch.rows; row++) {
      const ints = INTS.map((name) => {
        const view = batch.column(name);
        return [name, view.has(row) ? view.at(row) : null];
      });
      const words = WORDS.map((name) => {
        const view = batch.column(name);
        return [name, view.has(row) ? view.big(row) : null];
      });
      const ts = batch.column('ts').big(row);
      times.push(ts);
      const device = batch.column('device').at(row);
      events.push(Object.fromEntries([['ts', ts], ...ints, ['device', device], ...words]));
    }
    const stats = reader.batches.find(({ seqFirst }) => seqFirst === batch.seqFirst)?.stats;
    const sorted = times.sort((a, b) => (a < b ? -1 : 1));
    expect([stats?.tsMin, stats?.tsMax]).toEqual([sorted[0], sorted.at(-1)]);
  }
  return events;
}
