/**
 * Goal: traces are merged by time without breaking the order of any of them, and cut without losing
 * what belongs together.
 * Method: random traces (fast-check), among them such whose times go backwards, against the rules
 * that a merge must keep; hand-made traces for cuts, clocks and losses.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EventRow, traceOf } from '../tests/build-trace.js';
import {
  alignClocks,
  type Filter,
  MemorySink,
  MemorySource,
  mergeTraces,
  rewriteTrace,
  type TraceMeta,
  TraceReader,
  TraceWriter,
  verifyTrace,
} from './index.js';

const META: TraceMeta = { clock: 'mono', writer: 'test', notes: {} };

const open = (rows: readonly EventRow[], batchRows = 3, meta: Partial<TraceMeta> = {}) =>
  traceOf(rows, { batchRows, meta });

interface Read {
  readonly seq: number;
  readonly ts: bigint;
  readonly kind: string | null;
  readonly phase: string | null;
  readonly span: number | null;
  readonly device: string | null;
  readonly text: string | null;
  readonly value: bigint | null;
}

function readAll(reader: TraceReader): Read[] {
  return [...reader.read()].flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => ({
      seq: batch.column('seq').number(row),
      ts: batch.column('ts').big(row),
      kind: batch.column('kind').at(row),
      phase: batch.column('phase').at(row),
      span: batch.column('span').has(row) ? batch.column('span').number(row) : null,
      device: batch.column('device').at(row),
      text: batch.column('text').text(row),
      value: batch.column('value').has(row) ? batch.column('value').big(row) : null,
    })),
  );
}

function written(write: (writer: TraceWriter) => void): TraceReader {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, META, { batchRows: 4 });
  write(writer);
  writer.finish();
  const reader = new TraceReader(new MemorySource(sink.bytes()));
  expect(verifyTrace(reader)).toEqual([]);
  return reader;
}

const merge = (readers: readonly TraceReader[], offsets: readonly bigint[] = []) =>
  written((writer) =>
    mergeTraces(
      readers.map((reader, i) => ({ reader, offsetNs: offsets[i] ?? 0n })),
      writer,
    ),
  );

const cut = (reader: TraceReader, filter: Filter) =>
  written((writer) => rewriteTrace(reader, writer, filter));

/** Events of one trace: pairs of begin and end at times that may go backwards. */
const lane = (name: string): fc.Arbitrary<EventRow[]> =>
  fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }).map((times) =>
    times.map((time, i): EventRow => {
      const ends = i % 2 === 1;
      return {
        kind: 'ioctl',
        phase: ends ? 'end' : 'begin',
        ts: BigInt(time),
        text: `${name}${i}`,
        ...(ends ? { span: i - 1 } : {}),
      };
    }),
  );

describe('a merge', () => {
  test('a merge keeps the order of each trace and every span, whatever the times', () => {
    fc.assert(
      fc.property(lane('a'), lane('b'), lane('c'), (...lanes) => {
        const events = readAll(merge(lanes.map((rows) => open(rows))));
        for (const rows of lanes) {
          const names = new Set(rows.map((r) => r.text));
          const kept = events.filter((e) => names.has(e.text ?? '')).map((e) => e.text);
          expect(kept).toEqual(rows.map((r) => r.text));
        }
        expect(events.map((e) => e.seq)).toEqual(events.map((_, i) => i));
        for (const { phase, span, text } of events.filter((e) => e.phase === 'end')) {
          const begin = events[span!];
          expect([phase, begin.phase]).toEqual(['end', 'begin']);
          const before = (text ?? '').replace(/\d+$/, (n) => String(Number(n) - 1));
          expect(begin.text).toBe(before);
        }
      }),
    );
  });

  test('a merge orders by time when the times of each trace are in order', () => {
    const sorted = (name: string) =>
      lane(name).map((rows) => {
        const times = rows.map((r) => r.ts!).sort((a, b) => (a < b ? -1 : 1));
        return rows.map((row, i) => ({ ...row, ts: times[i] }));
      });
    fc.assert(
      fc.property(sorted('a'), sorted('b'), (a, b) => {
        const times = readAll(merge([open(a), open(b)])).map((e) => e.ts);
        expect(times).toEqual([...times].sort((x, y) => (x < y ? -1 : x > y ? 1 : 0)));
      }),
    );
  });

  test('a merge adds the offset of each clock', () => {
    const [a, b] = [open([{ kind: 'mark', ts: 100n }]), open([{ kind: 'log', ts: 1_000n }])];
    const events = readAll(merge([a, b], [0n, -950n]));
    expect(events.map(({ kind, ts }) => [kind, ts])).toEqual([
      ['log', 50n],
      ['mark', 100n],
    ]);
  });

  test('a merge carries on what its inputs lost', () => {
    const lost: EventRow = { kind: 'lost', source: 'tracefs', cpu: 1, value: 7n };
    const merged = merge([open([lost, { kind: 'mark' }]), open([lost])]);
    expect(merged.losses).toEqual([{ source: 'tracefs', cpu: 1, events: 14 }]);
    expect(merged.completeness).toMatchObject({ complete: false, lost: 14 });
  });
});

describe('clocks', () => {
  const trace = (clock: string, wallOffsetNs?: bigint) => ({
    name: clock,
    meta: { ...META, clock, ...(wallOffsetNs === undefined ? {} : { wallOffsetNs }) },
  });

  test('clocks of one name are one clock', () => {
    expect(alignClocks([trace('mono', 5n), trace('mono', 9n)])).toEqual([0n, 0n]);
  });

  test('clocks are aligned by their distance to the wall clock', () => {
    expect(alignClocks([trace('mono', 1_000n), trace('realtime', 0n)])).toEqual([0n, -1_000n]);
  });

  test('clocks of unknown distance are refused', () => {
    expect(() => alignClocks([trace('mono'), trace('realtime', 0n)])).toThrow(
      'nothing in the traces relates them',
    );
  });
});

describe('a cut', () => {
  const ROWS: EventRow[] = Array.from({ length: 30 }, (_, i) => ({
    kind: i % 3 === 0 ? 'probe' : 'config.read',
    phase: i % 2 === 0 ? 'begin' : 'end',
    ...(i % 2 === 1 ? { span: i - 1 } : {}),
    device: i < 15 ? '0000:01:00.0' : '0000:02:00.0',
    ts: BigInt(100 * i),
    text: String(i),
  }));
  const texts = (filter: Filter) => readAll(cut(open(ROWS), filter)).map((e) => Number(e.text));

  test('a cut by seq, time, device and kind gives what passes all', () => {
    expect(texts({ seq: [4, 9] })).toEqual([4, 5, 6, 7, 8, 9]);
    expect(texts({ ts: [1_250n, 1_500n] })).toEqual([13, 14, 15]);
    expect(texts({ devices: ['0000:02:00.0'], kinds: ['probe'] })).toEqual([15, 18, 21, 24, 27]);
    expect(texts({ devices: ['0000:09:00.0'] })).toEqual([]);
  });

  test('a cut reads no batch that cannot hold what is asked for', () => {
    const reader = open(ROWS);
    const read: number[] = [];
    const { batch } = reader;
    reader.batch = (info) => {
      read.push(info.seqFirst);
      return batch.call(reader, info);
    };
    expect([...reader.select({ devices: ['0000:02:00.0'], ts: [0n, 2_000n] })]).toHaveLength(2);
    expect(read).toEqual([15, 18]);
  });

  test('a cut follows a begin to its new place, and lets go of one that is left out', () => {
    const events = readAll(cut(open(ROWS), { seq: [5, 9] }));
    expect(events.map((e) => e.span)).toEqual([null, null, 1, null, 3]);
  });

  test('a cut keeps what tells of losses, within its range', () => {
    const rows: EventRow[] = [...ROWS, { kind: 'lost', value: 3n, ts: 9_000n }, ...ROWS];
    expect(cut(open(rows), { kinds: ['probe'] }).losses).toEqual([
      { source: 'model', cpu: null, events: 3 },
    ]);
    expect(cut(open(rows), { seq: [0, 10] }).completeness.complete).toBe(true);
  });
});
