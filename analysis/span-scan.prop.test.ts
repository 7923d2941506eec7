/**
 * Goal: each event has the end that names it, in whichever batch that is.
 * Method: random calls that nest, overlap and never end, in batches of any size; the table function
 * is compared with a join of the events with themselves, which DuckDB makes.
 */
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../tests/build-trace.js';
import { MemorySource, TraceReader } from '../traces/index.js';
import { openTrustedSession, type SqlSession } from './index.js';

const sessions: SqlSession[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.close();
});

async function ask(rows: readonly EventRow[], batchRows: number, queries: readonly string[]) {
  const reader = new TraceReader(new MemorySource(buildTrace(rows, { batchRows })));
  const session = await openTrustedSession([{ name: 'trace', reader }]);
  sessions.push(session);
  const answers: unknown[][] = [];
  for (const sql of queries) {
    const found: unknown[] = [];
    const { chunks } = await session.query(sql);
    for await (const chunk of chunks()) found.push(...chunk);
    answers.push(found);
  }
  return answers;
}

const KINDS = ['probe', 'ioctl', 'lost'] as const;

interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly phase: 'begin' | 'end' | 'point';
  readonly ret: bigint | undefined;
  readonly device: string | undefined;
  /** Which of the open calls ends. */
  readonly which: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  phase: fc.constantFrom('begin', 'end', 'point'),
  ret: fc.option(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), { nil: undefined }),
  device: fc.constantFrom(undefined, '0000:01:00.0', '0000:02:00.0'),
  which: fc.nat(20),
});

/** An end is that of an open call of its kind; without one the step is a point. */
function eventsOf(steps: readonly Step[]): EventRow[] {
  const open: number[] = [];
  return steps.map(({ kind, phase, ret, device, which }, seq): EventRow => {
    const row = {
      kind,
      ts: BigInt(1000 - seq),
      ...(ret === undefined ? {} : { ret }),
      ...(device === undefined ? {} : { device }),
    };
    const candidates = open.filter((begin) => steps[begin].kind === kind);
    if (phase === 'begin') open.push(seq);
    if (phase !== 'end' || candidates.length === 0)
      return { ...row, phase: phase === 'begin' ? 'begin' : 'point' };
    const span = candidates[which % candidates.length];
    open.splice(open.indexOf(span), 1);
    return { ...row, phase: 'end', span };
  });
}

const COLUMNS = 'seq, kind, phase, device, ret, lost_after';
const END = ['seq', 'ts', 'value', 'ret', 'device', 'driver', 'lost_after'];

const fromScan = (kinds: string) =>
  `SELECT ${COLUMNS}, ${END.map((c) => `end_${c}`).join(', ')} FROM spans_of(${kinds})`;
const fromJoin = (kinds: string) =>
  `SELECT ${COLUMNS.replace(/(\w+)/g, 'b.$1')}, ${END.map((c) => `e.${c}`).join(', ')}
  FROM (FROM events_of(${kinds}) WHERE phase <> 'end') b
  LEFT JOIN (FROM events_of(${kinds}) WHERE phase = 'end') e ON e.span = b.seq ORDER BY b.seq`;

test('spans_of has the rows of a join of events with their ends, whatever the batch size', async () => {
  const input = fc.tuple(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 30 }));
  const property = fc.asyncProperty(input, async ([steps, batchRows]) => {
    for (const kinds of ['NULL', "['ioctl']"]) {
      const queries = [fromScan(kinds), fromJoin(kinds)];
      const [scanned, joined] = await ask(eventsOf(steps), batchRows, queries);
      expect(scanned).toEqual(joined);
    }
  });
  await fc.assert(property, { numRuns: 60 });
});

test('a call that ends in a much later batch has its end, also when there are thousands', async () => {
  const calls = 3000;
  const begins = Array.from({ length: calls }, (): EventRow => ({ kind: 'ioctl', phase: 'begin' }));
  const ends = begins.map((_, i): EventRow => ({ kind: 'ioctl', phase: 'end', span: i }));
  const [scanned] = await ask([...begins, ...ends], 100, [
    'SELECT count(*), count(*) FILTER (end_seq = seq + 3000) FROM spans_of(NULL)',
  ]);
  expect(scanned).toEqual([[3000n, 3000n]]);
});
