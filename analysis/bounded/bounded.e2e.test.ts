/**
 * Goal: no query of a user takes more memory or time than it may, reaches anything but the traces, or
 * ends the program: each ends as rows or as an error of vfr.
 * Method: more than 200 queries written to break that, on sessions with little memory and time; the
 * kernel's own high-water mark of their processes, and what is left of them and of files afterwards.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildTrace, scratchFolder, traceOf } from '../../tests/build-trace.js';
import { ATTACKS } from '../../tests/sql-attacks.js';
import { TraceReader, VfrError } from '../../traces/index.js';
import { type BoundedSession, openSession, openTrustedSession } from '../index.js';
import { ALLOWED_FUNCTIONS } from '../sql-functions.js';
import { MEMORY_MIN } from './bounded-session.js';

const marks = Array.from({ length: 200 }, (_, i) => ({
  kind: 'mark' as const,
  text: `m${i}`,
  data: Uint8Array.of(i, 0, 255),
}));
const reader = () => traceOf(marks);
const open = (seconds: number): Promise<BoundedSession> =>
  openSession([{ name: 't', reader: reader() }], { memory: MEMORY_MIN, seconds });

/** Code of the error that a query ends with, or `rows`. Rows are read and forgotten. */
async function outcome(session: BoundedSession, sql: string): Promise<string> {
  try {
    for await (const _ of (await session.query(sql)).chunks());
    return 'rows';
  } catch (error) {
    return error instanceof VfrError ? error.code : String(error);
  }
}

const children = (): string[] => {
  const tasks = readdirSync('/proc/self/task');
  return tasks.flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
};

/** Most kilobytes that any process below this one was seen to have had at once. */
let peak = 0;
function look(): void {
  for (const pid of children()) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended meanwhile.
    }
  }
}

let sessions: BoundedSession[];
const SECONDS = 0.3;
const watch = setInterval(look, 5);
beforeAll(async () => {
  sessions = [await open(SECONDS), await open(SECONDS)];
});
afterAll(() => {
  clearInterval(watch);
  for (const session of sessions) session.close();
});

/** Outcomes of queries, asked on two sessions side by side. */
async function outcomes(queries: readonly string[]): Promise<[string, string][]> {
  const todo = queries.values();
  const done: [string, string][] = [];
  const lane = async (session: BoundedSession) => {
    for (const sql of todo) done.push([await outcome(session, sql), sql.slice(0, 100)]);
  };
  await Promise.all(sessions.map(lane));
  return done;
}

const GIVEN_UP = ['rows', 'SQL_MEMORY', 'SQL_TIME', 'SQL_FAILED'];
const others = (done: [string, string][], allowed: readonly string[]) =>
  done.filter(([code]) => !allowed.includes(code));

describe('queries that go for', { timeout: 180_000 }, () => {
  test('memory get what they may, or nothing', async () => {
    const done = await outcomes(ATTACKS.memory);
    expect(others(done, GIVEN_UP)).toEqual([]);
    expect(done.filter(([code]) => code === 'SQL_MEMORY').length).toBeGreaterThan(30);
    expect(peak * 1024).toBeGreaterThan(0);
    expect(peak * 1024).toBeLessThan(1.2 * MEMORY_MIN);
  });

  test('time end with it', async () => {
    const done = await outcomes(ATTACKS.time);
    expect(others(done, GIVEN_UP)).toEqual([]);
    expect(done.filter(([code]) => code === 'SQL_TIME').length).toBeGreaterThan(15);
  });

  test('other doors are refused', async () => {
    const before = readdirSync(tmpdir());
    expect(others(await outcomes(ATTACKS.doors), ['SQL_FORBIDDEN', 'SQL_FAILED'])).toEqual([]);
    const made = readdirSync(tmpdir()).filter((name) => !before.includes(name));
    expect(made.filter((name) => name.startsWith('vfr-attack'))).toEqual([]);
  });

  test('depth and size end as errors', async () => {
    const allowed = [...GIVEN_UP, 'SQL_FORBIDDEN', 'SQL_MISSING', 'SQL_CRASH'];
    expect(others(await outcomes(ATTACKS.shapes), allowed)).toEqual([]);
  });
});

test('there are more than 200 of them', () => {
  expect(Object.values(ATTACKS).flat().length).toBeGreaterThan(200);
});

/** Rows of a query. */
async function ask(session: BoundedSession, sql: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const chunk of (await session.query(sql)).chunks()) rows.push(...chunk);
  return rows;
}

async function withSession<T>(use: (session: BoundedSession) => Promise<T>): Promise<T> {
  const session = await open(20);
  try {
    return await use(session);
  } finally {
    session.close();
  }
}

describe('a session', () => {
  test('a session answers after all of that', async () => {
    await withSession(async (session) => {
      expect(await outcome(session, 'SELECT range(500000000)')).toBe('SQL_MEMORY');
      const rows = await ask(session, 'SELECT count(*) AS n, max(text) FROM events');
      expect(rows).toEqual([[200n, 'm99']]);
    });
  });

  test('a session keeps to its memory where DuckDB does not count, and grows to it', async () => {
    await withSession(async (session) => {
      peak = 0;
      const sql = 'SELECT len(string_agg(i::VARCHAR, $$,$$)) FROM range(1000000000) t(i)';
      expect(await outcome(session, sql)).toBe('SQL_MEMORY');
      expect(peak * 1024).toBeGreaterThan(0.5 * MEMORY_MIN);
      expect(peak * 1024).toBeLessThan(1.2 * MEMORY_MIN);
    });
  });

  test('a session gives every type as a session in this process does', async () => {
    const sql = `SELECT seq, text, NULL, -1::BIGINT, 1.5, true, data, [1, NULL], {'a': 1::UBIGINT},
      DATE '2024-02-29', TIMESTAMP '2024-02-29 01:02:03', map([1], ['x']), 170141183460469231731::HUGEINT
      FROM events ORDER BY seq`;
    const own = await openTrustedSession([{ name: 't', reader: reader() }]);
    const rows: unknown[] = [];
    for await (const chunk of (await own.query(sql)).chunks()) rows.push(...chunk);
    own.close();
    expect(await withSession((session) => ask(session, sql))).toEqual(rows);
  });

  test('a session reads a trace from a file as from memory', async () => {
    const file = join(scratchFolder(), 't.arrows');
    writeFileSync(file, buildTrace(marks));
    const fromFile = TraceReader.open(file);
    const session = await openSession([{ name: 't', reader: fromFile }]);
    // What another process puts under the name meanwhile is another file.
    rmSync(file);
    expect(await ask(session, 'SELECT count(*) FROM events')).toEqual([[200n]]);
    session.close();
    fromFile.close();
  });

  test('a session ends a question when it is told to, and answers the next', async () => {
    await withSession(async (session) => {
      await ask(session, 'SELECT 1');
      const failure = ask(session, 'SELECT count(*) FROM range(100000000) a, range(100000000) b');
      const told = expect(failure).rejects.toMatchObject({ code: 'SQL_CANCELLED' });
      await new Promise((resolve) => setTimeout(resolve, 50));
      session.cancel();
      await told;
      expect(await ask(session, 'SELECT 2')).toEqual([[2]]);
    });
  });

  test('a session leaves no process behind', async () => {
    const before = children();
    const session = await open(20);
    await ask(session, 'SELECT 1');
    const own = children().filter((pid) => !before.includes(pid));
    expect(own.length).toBe(1);
    session.close();
    await vi.waitFor(() => expect(children()).not.toContain(own[0]));
  });
});

describe('conditions', () => {
  const REFUSED = [
    'true) UNION SELECT (1',
    'true) FROM events WHERE (true',
    'true), (true',
    'true) ORDER BY (1',
    'true) AS x, (true',
    'true) WHERE (true',
    'true) LIMIT (1',
    "EXISTS (FROM query('SELECT 1'))",
    "getenv('HOME') IS NULL",
  ];
  test.each(REFUSED)('a condition must not be %s', async (text) => {
    const failure = await shared.requireCondition(text).catch((error) => error);
    expect(failure).toMatchObject({ code: 'SQL_FORBIDDEN' });
  });

  test('a condition must not end before its end', async () => {
    const text = 'true); DROP VIEW events; SELECT (1';
    const failure = await shared.requireCondition(text).catch((error) => error);
    expect(failure).toMatchObject({ code: 'SQL_FAILED' });
    expect(failure.message).toContain('syntax error');
  });

  const TAKEN = [
    "kind = 'mark'",
    "kind = 'mark' -- and a comment",
    "device LIKE '%.1' OR seq IN (SELECT span FROM events)",
    'ret < 0 AND NOT (name IS NULL)',
    'list_contains([1, 2], seq)',
    '(seq > 1) AND (seq < 5)',
  ];
  test.each(TAKEN)('a condition may be %s', async (text) => {
    await expect(shared.requireCondition(text)).resolves.toBeUndefined();
  });

  test.each([
    ['seq =', 'syntax error at end of input'],
    ['true)', 'syntax error at or near ")"'],
    ["kind = 'x", `unterminated quoted string at or near "'x"`],
  ])('a condition that cannot be parsed is reported in its own words: %s', async (text, what) => {
    const failure = await shared.requireCondition(text).catch((error) => error);
    expect(failure).toMatchObject({ code: 'SQL_FAILED', what: `Parser Error: ${what}` });
  });

  test.each(['', ' \n'])('an empty condition is reported: %j', async (text) => {
    const failure = await shared.requireCondition(text).catch((error) => error);
    expect(failure).toMatchObject({ code: 'SQL_MISSING', what: 'the condition is empty' });
  });

  let shared: BoundedSession;
  beforeAll(async () => {
    shared = await open(20);
  });
  afterAll(() => shared.close());
});

test('every function that may be called is one of DuckDB or the library', async () => {
  const session = await openTrustedSession([{ name: 't', reader: reader() }]);
  const known = new Set<string>();
  const sql = 'SELECT DISTINCT lower(function_name) FROM duckdb_functions()';
  for await (const rows of (await session.query(sql)).chunks()) {
    for (const [name] of rows) known.add(String(name));
  }
  session.close();
  expect([...ALLOWED_FUNCTIONS].filter((name) => !known.has(name))).toEqual([]);
});

test('whoever is killed leaves no process that goes on', async () => {
  const program = join(import.meta.dirname, '..', '..', 'dist', 'vfr', 'main.js');
  const file = join(scratchFolder(), 't.arrows');
  writeFileSync(file, buildTrace(marks));
  const sql = 'SELECT count(*) FROM range(100000000) a, range(100000000) b';
  const vfr = spawn(process.execPath, [program, 'sql', file, sql], { stdio: 'ignore' });
  const below = () => readFileSync(`/proc/${vfr.pid}/task/${vfr.pid}/children`, 'utf8').trim();
  await vi.waitFor(() => expect(below()).not.toBe(''), { timeout: 20_000 });
  const pid = Number(below());
  vfr.kill('SIGKILL');
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 20_000 });
});

test('too few open files are told of', () => {
  const program = join(import.meta.dirname, '..', '..', 'dist', 'vfr', 'main.js');
  const file = join(scratchFolder(), 't.arrows');
  writeFileSync(file, buildTrace(marks));
  const few = 'ulimit -n 24; exec "$@"';
  const command = ['-c', few, 'sh', process.execPath, program, 'sql', file, 'SELECT 1'];
  const { status, stderr } = spawnSync('/bin/sh', command, { encoding: 'utf8' });
  expect(stderr).toMatch(/\((?:SQL_NO_PROCESS|FILE_EMFILE)\)/);
  expect(status).toBe(4);
});
