/** Goal: what the browser asks other processes for is text that somebody can read. */
import { expect, test } from 'vitest';
import { buildTrace } from '../../tests/build-trace.js';
import { PROGRAM } from '../../tests/vfr.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { EventQueries } from './event-queries.js';
import { explainBy } from './explain-and-compare.js';

test('bytes, lists and structs in rows of the browser are text as in vfr sql', async () => {
  const reader = new TraceReader(new MemorySource(buildTrace([{ kind: 'bind' }])));
  const queries = new EventQueries(reader);
  try {
    const { rows } = await queries.rows("SELECT unhex('aa01') AS b, [1, 2] AS l, {'a': 1} AS s");
    expect(rows).toEqual([['aa01', '[1,2]', '{"a":1}']]);
  } finally {
    queries.close();
  }
});

test('an explanation that fails says why, and not which command failed', async () => {
  const asked = explainBy(PROGRAM, '/nowhere/t.arrows')(1, new AbortController().signal);
  await expect(asked).rejects.toThrow(/^\/nowhere\/t\.arrows: /);
});
