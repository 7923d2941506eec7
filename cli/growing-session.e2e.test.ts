/** Goal: a trace that grows interrupts no question, and the next question has what came. */
import { expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../tests/build-trace.js';
import { MemorySource, TraceReader } from '../traces/index.js';
import { GrowingSession } from './growing-session.js';

const readerOf = (events: number): TraceReader => {
  const rows = Array.from({ length: events }, (_, i): EventRow => ({ kind: 'mark', text: `${i}` }));
  return new TraceReader(new MemorySource(buildTrace(rows)));
};

async function counted(session: GrowingSession, grow: () => void): Promise<unknown[]> {
  const { chunks } = await (await session.open()).query(
    'SELECT count(*)::INTEGER AS n FROM events',
  );
  grow();
  const rows: unknown[] = [];
  for await (const chunk of chunks()) rows.push(...chunk);
  return rows;
}

test('a question is answered although the trace grows, and the next one has the new events', async () => {
  let reader = readerOf(2);
  const session = new GrowingSession(() => [reader]);
  const grow = () => {
    reader = readerOf(3);
    session.grow();
  };
  try {
    expect(await counted(session, grow)).toEqual([[2]]);
    expect(await counted(session, () => {})).toEqual([[3]]);
  } finally {
    session.close();
  }
});
