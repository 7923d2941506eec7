/**
 * Goal: SQL sees exactly the events of the traces: every type, null, long and short strings, any
 * batch size, one trace or several, all kinds or some.
 * Method: random rows are written to a trace and read back in SQL; the special cases by hand.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { buildTrace, type EventRow, traceOf } from '../tests/build-trace.js';
import { COLUMNS, KINDS, MemorySource, TraceReader, VfrError } from '../traces/index.js';
import { openTrustedSession, type SqlSession } from './index.js';

const sessions: SqlSession[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.close();
});

async function open(...traces: readonly Buffer[]): Promise<SqlSession> {
  const named = traces.map((bytes, i) => ({
    name: `trace-${i}`,
    reader: new TraceReader(new MemorySource(bytes)),
  }));
  const session = await openTrustedSession(named);
  sessions.push(session);
  return session;
}

async function ask(session: SqlSession, sql: string): Promise<unknown[][]> {
  const result = await session.query(sql);
  const rows: unknown[][] = [];
  for await (const chunk of result.chunks()) rows.push(...chunk.map((row) => [...row]));
  return rows;
}

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const i64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
// Strings around 12 bytes, where DuckDB's representation changes.
const string = fc.string({ unit: 'grapheme', maxLength: 30 });
const row: fc.Arbitrary<EventRow> = fc.record(
  {
    kind: fc.constantFrom(...(Object.keys(KINDS) as (keyof typeof KINDS)[]).slice(0, 5)),
    ts: u64,
    cpu: fc.nat(65535),
    pid: fc.nat(0xffff_ffff),
    tid: fc.nat(0xffff_ffff),
    task: string,
    device: string,
    region: fc.integer({ min: -32768, max: 32767 }),
    offset: u64,
    value: u64,
    ret: i64,
    data: fc.uint8Array({ maxLength: 40 }),
    text: string,
  },
  { requiredKeys: ['kind', 'ts'] },
);

const SELECT = `SELECT kind, ts, cpu, pid, tid, task, device, region, "offset", value, ret, data, text`;
const cells = (r: EventRow) =>
  [r.kind, r.ts, r.cpu, r.pid, r.tid, r.task, r.device, r.region].concat([
    r.offset,
    r.value,
    r.ret,
    r.data as never,
    r.text,
  ]) as unknown[];
const expected = (rows: readonly EventRow[]) => rows.map((r) => cells(r).map((v) => v ?? null));
const bytes = (rows: unknown[][]) =>
  rows.map((r) => r.map((v) => (v instanceof Uint8Array ? new Uint8Array(v) : v)));

describe('events in SQL', () => {
  test('the view of events has those of the trace, in its order, whatever the batch size', async () => {
    const input = fc.tuple(fc.array(row, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }));
    const property = fc.asyncProperty(input, async ([rows, batchRows]) => {
      const session = await open(buildTrace(rows, { batchRows }));
      expect(bytes(await ask(session, `${SELECT} FROM events`))).toEqual(expected(rows));
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('events_of some kinds has the rows that a condition on the kind gives', async () => {
    const input = fc.tuple(fc.array(row, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }));
    const property = fc.asyncProperty(input, async ([rows, batchRows]) => {
      const session = await open(buildTrace(rows, { batchRows }));
      const kinds = ['device.add', 'match'];
      expect(
        bytes(await ask(session, `${SELECT} FROM events_of(['device.add', 'match'])`)),
      ).toEqual(expected(rows.filter((r) => kinds.includes(r.kind))));
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('events that fill more than one vector stay in order', async () => {
    const rows = fc.sample(row, { numRuns: 5000, seed: 7 });
    const session = await open(buildTrace(rows, { batchRows: 3000 }));
    expect(bytes(await ask(session, `${SELECT} FROM events`))).toEqual(expected(rows));
    const texts = rows.flatMap((r) => (r.text === undefined ? [] : [r.text]));
    // An aggregate keeps strings long after the scan went on.
    const [[list]] = await ask(
      session,
      'SELECT list(text ORDER BY seq) FROM events WHERE text IS NOT NULL',
    );
    expect(list).toEqual(texts);
  });

  test('the view of events has every column of the schema, in its order', async () => {
    const session = await open(buildTrace([{ kind: 'mark' }]));
    const { columns } = await session.query('SELECT * FROM events');
    expect(columns).toEqual(COLUMNS.map((c) => c.name));
  });

  test('the column trace tells events of several traces apart', async () => {
    const mark = (text: string) => buildTrace([{ kind: 'mark', text }]);
    const session = await open(mark('first'), mark('second'));
    expect(await ask(session, 'SELECT trace, seq, text FROM events')).toEqual([
      ['trace-0', 0n, 'first'],
      ['trace-1', 0n, 'second'],
    ]);
    expect(await ask(session, 'SELECT count(*) FROM events')).toEqual([[2n]]);
  });

  test('the column trace tells a trace that is opened twice apart', async () => {
    const reader = traceOf([{ kind: 'mark' }]);
    const session = await openTrustedSession([
      { name: 't', reader },
      { name: 't', reader },
    ]);
    sessions.push(session);
    expect(await ask(session, 'SELECT trace FROM events')).toEqual([['t'], ['t (2)']]);
  });

  test('the view of events of an empty trace has no rows', async () => {
    expect(await ask(await open(buildTrace([])), 'SELECT * FROM events')).toEqual([]);
  });
});

describe('what is wrong', () => {
  test('wrong SQL is a usage error with what DuckDB says', async () => {
    const session = await open(buildTrace([{ kind: 'mark' }]));
    const failure = await session.query('SELECT nothing FROM events').catch((e) => e);
    expect(failure).toBeInstanceOf(VfrError);
    expect(failure).toMatchObject({ kind: 'usage', code: 'SQL_FAILED' });
    expect(failure.message).toContain('"nothing" not found');
  });

  test('a batch that is damaged when the trace is opened is left out', async () => {
    const trace = buildTrace(marks, { batchRows: 10 });
    damage(trace, 5);
    const session = await open(trace);
    expect(await ask(session, 'SELECT count(*), max(seq) FROM events')).toEqual([[90n, 99n]]);
  });

  test('damage that comes later is reported as damage, and the session goes on', async () => {
    const trace = buildTrace(marks, { batchRows: 10 });
    const session = await open(trace);
    damage(trace, 5);
    const failure = await ask(session, 'SELECT min(COLUMNS(*)) FROM events').catch((e) => e);
    expect(failure).toMatchObject({ kind: 'input', code: 'COLUMN_DAMAGED' });
    expect(await ask(session, 'SELECT 1')).toEqual([[1]]);
  });
});

const marks = Array.from({ length: 100 }, () => ({ kind: 'mark', text: 'x' }) as const);

/** Turns bits over all through the body of a batch. */
function damage(trace: Buffer, batch: number): void {
  const { bodyOffset, end } = new TraceReader(new MemorySource(trace)).batches[batch].frame;
  for (let at = bodyOffset; at < end; at += 5) trace[at] ^= 1;
}
