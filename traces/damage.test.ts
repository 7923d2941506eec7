/**
 * Goal: whatever happens to the bytes of a trace, complete batches come back, damage is found and
 * placed, and what cannot be read is told as lost. Method: cut, flip, remove and insert bytes of
 * small traces (the sweeps in tests/sweeps/ do the same exhaustively on larger ones), then compare
 * what is read with what was written.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../tests/build-trace.js';
import {
  type Batch,
  COLUMNS,
  type ColumnName,
  MemorySink,
  MemorySource,
  rewriteTrace,
  TraceReader,
  TraceWriter,
  verifyTrace,
} from './index.js';

const ROWS = 40;
const BATCH_ROWS = 8;
const EVENTS: readonly EventRow[] = Array.from({ length: ROWS }, (_, i) => ({
  kind: i % 2 === 0 ? 'config.read' : 'log',
  phase: 'point',
  device: `0000:0${i % 3}:00.0`,
  value: BigInt(i * 1_000_003),
  text: `event ${i}`,
  ts: BigInt(i * 977),
}));
const TRACE = buildTrace(EVENTS, { batchRows: BATCH_ROWS });

const open = (bytes: Uint8Array) => new TraceReader(new MemorySource(Buffer.from(bytes)));

const seqs = (batches: Iterable<Batch>): number[] =>
  [...batches].flatMap((b) => Array.from({ length: b.rows }, (_, i) => b.seqFirst + i));

/** Every event that is read must be the one that was written. */
function expectTrue(reader: TraceReader): void {
  for (const batch of reader.read()) {
    for (let row = 0; row < batch.rows; row++) {
      const event = EVENTS[batch.seqFirst + row];
      expect(batch.column('text').text(row)).toBe(event.text);
      expect(batch.column('value').big(row)).toBe(event.value);
      expect(batch.column('kind').at(row)).toBe(event.kind);
    }
  }
}

/** Offset at which each batch is complete. */
const ENDS = open(TRACE).batches.map(({ frame }) => frame.end);

test('a trace that is verified later is read at once, and its damage found by that', () => {
  const later = (bytes: Buffer) => new TraceReader(new MemorySource(bytes), 'later');
  const verified = (reader: TraceReader) => {
    for (const steps = reader.verified(); ; ) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  };
  const sound = later(TRACE);
  expect([sound.isVerified, verified(sound), sound.isVerified]).toEqual([false, true, true]);
  const bytes = Buffer.from(TRACE);
  bytes[sound.batches[2].frame.end - 20] ^= 1;
  const damaged = later(bytes);
  expect([damaged.batches.length, verified(damaged), damaged.isVerified]).toEqual([
    5,
    false,
    false,
  ]);
});

describe('a trace that is cut', () => {
  test('a trace that is cut gives all batches that are complete, at every byte', () => {
    const opening = 8 + TRACE.readUInt32LE(4);
    for (let size = opening; size < TRACE.byteLength; size++) {
      const reader = open(TRACE.subarray(0, size));
      expect(reader.batches).toHaveLength(ENDS.filter((end) => end <= size).length);
      expect(reader.completeness).toMatchObject({ complete: false, truncated: true, damaged: 0 });
      expect(reader.cutAt).toBeLessThanOrEqual(size);
    }
  });

  test('a trace that is cut within its opening is not a trace, and says so', () => {
    for (const size of [4, 8, 100, 7 + TRACE.readUInt32LE(4)]) {
      expect(() => open(TRACE.subarray(0, size))).toThrow('cut within its opening');
    }
  });

  test('a trace that is cut is told as lost, nobody knows how many, when it is repaired', () => {
    const cut = open(TRACE.subarray(0, ENDS[2] + 100));
    const repaired = repair(cut);
    expect(repaired.events).toBe(3 * BATCH_ROWS + 1);
    const [last] = [...repaired.read()].slice(-1);
    const row = last.rows - 1;
    expect(last.column('kind').at(row)).toBe('lost');
    expect(last.column('value').has(row)).toBe(false);
    expect(repaired.completeness).toMatchObject({ complete: false, truncated: false, damaged: 0 });
    // Nobody knows how many: not as many as the value of the event before says.
    expect(repaired.losses).toEqual([{ source: 'vfr', cpu: null, events: 0 }]);
    expect(repaired.completeness.lost).toBe(0);
  });
});

describe('a single flipped bit', () => {
  test('a single flipped bit is found and placed, and costs one batch at most', () => {
    const bits = fc.nat(TRACE.byteLength * 8 - 1);
    fc.assert(
      fc.property(bits, (bit) => {
        const bytes = Buffer.from(TRACE);
        bytes[bit >> 3] ^= 1 << (bit & 7);
        const reader = open(bytes);
        const inEnd = bit >> 3 >= TRACE.byteLength - 8;
        const placed = verifyTrace(reader).some(
          ({ offset, end }) => offset <= bit >> 3 && bit >> 3 < end,
        );
        expect(placed || inEnd).toBe(true);
        expect(reader.completeness.complete).toBe(false);
        expect(reader.events).toBeGreaterThanOrEqual(ROWS - BATCH_ROWS);
        expectTrue(reader);
      }),
      { numRuns: 400 },
    );
  });
});

describe('bytes removed or put in', () => {
  test('bytes removed or put in are found, and what is behind them is read', () => {
    const at = fc.nat(TRACE.byteLength - 9);
    const put = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(at, fc.nat(40), put, (offset, removed, inserted) => {
        const [head, tail] = [TRACE.subarray(0, offset), TRACE.subarray(offset + removed)];
        const bytes = Buffer.concat([head, inserted, tail]);
        if (bytes.equals(TRACE)) return;
        const reader = open(bytes);
        expect(reader.completeness.complete).toBe(false);
        expect(reader.events).toBeGreaterThanOrEqual(ROWS - 2 * BATCH_ROWS);
        expectTrue(reader);
      }),
      { numRuns: 300 },
    );
  });

  test('a batch that is missing altogether is missed', () => {
    const { frame } = open(TRACE).batches[1];
    const bytes = Buffer.concat([TRACE.subarray(0, frame.offset), TRACE.subarray(frame.end)]);
    const reader = open(bytes);
    expect(reader.damage).toMatchObject([{ what: 'a message is missing here', seq: [8, 15] }]);
    expect(reader.completeness.complete).toBe(false);
    const repaired = repair(reader);
    expect(repaired.losses).toEqual([{ source: 'vfr', cpu: null, events: BATCH_ROWS }]);
  });
});

function repair(reader: TraceReader): TraceReader {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, reader.meta);
  rewriteTrace(reader, writer, {});
  writer.finish();
  const repaired = open(sink.bytes());
  expect(verifyTrace(repaired)).toEqual([]);
  expect(seqs(repaired.read())).toEqual(Array.from({ length: repaired.events }, (_, i) => i));
  return repaired;
}

/** The trace with one byte changed in the middle of what a column of batch 1 holds. */
function damageColumn(name: ColumnName): TraceReader {
  const { frame } = open(TRACE).batches[1];
  for (let at = frame.bodyOffset; at < frame.end; at++) {
    const bytes = Buffer.from(TRACE);
    bytes[at] ^= 0x10;
    const reader = open(bytes);
    if (reader.damage[0].columns?.join() === name) return reader;
  }
  throw new Error(`column ${name} has no bytes`);
}

describe('a damaged column', () => {
  test('a damaged column is named, with the range of bytes and seq', () => {
    const { frame } = open(TRACE).batches[1];
    const [damage] = damageColumn('text').damage;
    expect(damage).toMatchObject({
      offset: frame.offset,
      end: frame.end,
      seq: [BATCH_ROWS, 2 * BATCH_ROWS - 1],
      columns: ['text'],
    });
  });

  const dispensable = COLUMNS.map(({ name }) => name).filter(
    (name) => !['kind', 'phase', 'source'].includes(name),
  );
  test.each(dispensable)('%s leaves its events when the trace is repaired', (name) => {
    expect(repair(damageColumn(name)).events).toBe(ROWS + (name === 'seq' ? 0 : 1));
  });

  test('a damaged column costs only its own values when the trace is repaired', () => {
    const repaired = repair(damageColumn('text'));
    expect(repaired.events).toBe(ROWS + 1);
    expect(repaired.completeness).toMatchObject({ complete: false, lost: 0 });
    const texts = [...repaired.read()].flatMap((batch) =>
      Array.from({ length: batch.rows }, (_, row) => batch.column('text').text(row)),
    );
    expect(texts[BATCH_ROWS]).toContain('seq 8..15: column text');
    expect(texts.slice(BATCH_ROWS + 1, 2 * BATCH_ROWS + 1)).toEqual(Array(BATCH_ROWS).fill(null));
    expect(texts.slice(2 * BATCH_ROWS + 1)).toEqual(
      EVENTS.slice(2 * BATCH_ROWS).map((e) => e.text),
    );
  });

  test('a damaged column of times leaves the order, and the earliest time that the batch tells', () => {
    const repaired = repair(damageColumn('ts'));
    const times = [...repaired.read()].flatMap((batch) =>
      Array.from({ length: batch.rows }, (_, row) => batch.column('ts').big(row)),
    );
    expect(times.slice(9, 17)).toEqual(Array(BATCH_ROWS).fill(EVENTS[BATCH_ROWS].ts));
  });

  test('a damaged column without which events say nothing costs the batch', () => {
    const repaired = repair(damageColumn('kind'));
    expect(repaired.events).toBe(ROWS - BATCH_ROWS + 1);
    expect(repaired.losses).toEqual([{ source: 'vfr', cpu: null, events: BATCH_ROWS }]);
  });
});

describe('a damaged dictionary', () => {
  test('a damaged dictionary costs nothing, because it stands in the file twice', () => {
    const at = TRACE.lastIndexOf('0000:01:00.0');
    const bytes = Buffer.from(TRACE);
    bytes[at] ^= 1;
    const reader = open(bytes);
    expect(reader.damage.map(({ what }) => what)).toEqual([
      'the dictionary of column device does not match its CRC',
    ]);
    expect(reader.events).toBe(ROWS);
    const devices = [...reader.read()].flatMap((batch) =>
      Array.from({ length: batch.rows }, (_, row) => batch.column('device').at(row)),
    );
    expect(devices).toEqual(EVENTS.map((e) => e.device));
  });
});

test('what is no trace is searched in the same memory, however much it is', () => {
  const size = 1 << 30;
  const memories = new Set<Buffer | undefined>();
  const zeros = Buffer.alloc(1 << 21);
  const source = {
    name: 'zeros',
    size,
    read(offset: number, length: number, into?: Buffer) {
      if (length > 1 << 19) memories.add(into);
      return zeros.subarray(0, Math.min(length, size - offset));
    },
    close: () => {},
  };
  expect(() => new TraceReader(source)).toThrow('not a vfr trace');
  expect([...memories]).toEqual([expect.any(Buffer)]);
});
