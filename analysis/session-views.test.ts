/**
 * Goal: a view that is asked again and again gives the same rows in the same order, kept or not.
 * Method: a shipped recording, opened twice at once; every view of the library, asked three times.
 */
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importInput } from '../recorder/index.js';
import { scratchFolder } from '../tests/build-trace.js';
import { TraceReader } from '../traces/index.js';
import { openTrustedSession, type SqlSession } from './index.js';
import { LIBRARY } from './sql/library.js';

const capture = 'tests/data/captures/sriov-on-r1';
const output = join(scratchFolder(), 'capture.arrows');
importInput({ input: `${capture}/trace.txt.zst`, snapshot: `${capture}/state-before`, output });
const readers = [TraceReader.open(output), TraceReader.open(output)];
const sessions: SqlSession[] = [];
afterAll(() => {
  for (const session of sessions) session.close();
  for (const reader of readers) reader.close();
});

async function open(count: number): Promise<SqlSession> {
  const session = await openTrustedSession(
    readers.slice(0, count).map((reader) => ({ name: 't', reader })),
  );
  sessions.push(session);
  return session;
}

async function ask(session: SqlSession, sql: string): Promise<string[]> {
  const { columns, chunks } = await session.query(sql);
  const rows = [columns.join(' ')];
  for await (const chunk of chunks()) rows.push(...chunk.map((row) => row.join(' ')));
  return rows;
}

const VIEWS = LIBRARY.filter(({ type }) => type === 'view').map(({ name }) => name);

test.each([1, 2])('kept views over %i traces give what the views give', async (count) => {
  const session = await open(count);
  for (const view of VIEWS) {
    const first = await ask(session, `FROM ${view}`);
    expect(await ask(session, `FROM ${view}`)).toEqual(first);
    expect(await ask(session, `SELECT * FROM main.${view.toUpperCase()}`)).toEqual(first);
  }
  const kept = await ask(
    session,
    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'kept'",
  );
  expect(kept.slice(1).toSorted()).toEqual(VIEWS.toSorted());
});

test('a name in a text or a comment is no question', async () => {
  const session = await open(1);
  for (let i = 0; i < 3; i++) await ask(session, "SELECT 'spans' -- stores");
  expect(await ask(session, 'SELECT count(*) AS n FROM duckdb_tables()')).toEqual(['n', '0']);
});

test('rows that do not fit the memory are not kept, and the question is answered', async () => {
  const session = await openTrustedSession([{ name: 't', reader: readers[0] }], { memory: '8MB' });
  sessions.push(session);
  const sql = 'SELECT count(*) FROM config_accesses';
  const first = await ask(session, sql);
  for (let i = 0; i < 2; i++) expect(await ask(session, sql)).toEqual(first);
  expect(await ask(session, 'SELECT count(*) AS n FROM duckdb_tables()')).toEqual(['n', '0']);
});
