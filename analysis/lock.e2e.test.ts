/**
 * Goal: SQL that a user pastes cannot read or write anything but the traces.
 * Method: every way out that DuckDB documents is tried on a session, for files that do exist and
 * folders that can be written; each must be refused, and nothing may have been written.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchFolder, traceOf } from '../tests/build-trace.js';
import { type BoundedSession, openSession } from './index.js';

const folder = scratchFolder();
const secret = join(folder, 'secret.csv');
const out = join(folder, 'out');
let session: BoundedSession;

function open(): Promise<BoundedSession> {
  const reader = traceOf([{ kind: 'mark' }]);
  return openSession([{ name: 't', reader }]);
}

beforeAll(async () => {
  writeFileSync(secret, 'password\nhunter2\n');
  session = await open();
});
afterAll(() => session.close());

const ATTEMPTS = [
  `SELECT * FROM '${secret}'`,
  `SELECT * FROM read_csv('${secret}')`,
  `SELECT * FROM read_csv_auto('${secret}')`,
  `SELECT * FROM read_text('${secret}')`,
  `SELECT * FROM read_blob('${secret}')`,
  `SELECT * FROM read_json('${secret}')`,
  `SELECT * FROM read_ndjson_objects('${secret}')`,
  `SELECT * FROM read_parquet('${secret}')`,
  `SELECT * FROM parquet_metadata('${secret}')`,
  `SELECT * FROM sniff_csv('${secret}')`,
  `SELECT * FROM glob('${folder}/*')`,
  `CREATE TABLE t1 (password VARCHAR); COPY t1 FROM '${secret}'`,
  `COPY events TO '${out}.csv'`,
  `COPY (SELECT 1) TO '${out}.parquet' (FORMAT parquet)`,
  `COPY (SELECT 1) TO '${out}' (FORMAT csv, PARTITION_BY (a))`,
  `COPY (SELECT 1) TO '/dev/stdout'`,
  `EXPORT DATABASE '${out}'`,
  `IMPORT DATABASE '${folder}'`,
  `ATTACH '${out}.db'`,
  `ATTACH '${secret}' AS s (TYPE sqlite)`,
  "ATTACH ':memory:' AS m; COPY FROM DATABASE memory TO m; INSTALL httpfs",
  'INSTALL httpfs',
  `INSTALL '${secret}'`,
  'FORCE INSTALL spatial FROM community',
  'LOAD httpfs',
  `LOAD '${secret}'`,
  "SELECT * FROM 'https://example.com/x.csv'",
  "SELECT * FROM read_csv('s3://bucket/x.csv')",
  'SET enable_external_access = true',
  'SET GLOBAL enable_external_access = true',
  'RESET enable_external_access',
  'SET lock_configuration = false',
  'RESET lock_configuration',
  "SET memory_limit = '100GB'",
  `SET temp_directory = '${out}'`,
  `SET allowed_directories = ['${folder}']`,
  `SET allowed_paths = ['${secret}']`,
  `SET extension_directory = '${out}'`,
  `SET secret_directory = '${out}'`,
  `SET home_directory = '${out}'`,
  `SET log_query_path = '${out}.log'`,
  `PRAGMA profile_output = '${out}.json'`,
  `PRAGMA enable_profiling = 'json'; PRAGMA profiling_output = '${out}.json'`,
  "SET custom_extension_repository = 'http://example.com'",
  'SET autoload_known_extensions = true',
  'SET threads = 64',
  'CREATE PERSISTENT SECRET s (TYPE s3)',
  `CALL enable_logging(storage = 'file', storage_path = '${out}')`,
  `SELECT * FROM system.main."Enable_Logging"('QueryLog', storage_path = '${out}')`,
];

describe('a session', () => {
  test.each(ATTEMPTS)('a session refuses %s', async (sql) => {
    const failure = await session.query(sql).catch((e) => e);
    expect(failure).toMatchObject({ code: expect.stringMatching(/^SQL_(FAILED|FORBIDDEN)$/) });
    expect(readdirSync(folder)).toEqual(['secret.csv']);
  });

  test('a session gives up on a result that does not fit its memory', async () => {
    const huge = "SELECT list(repeat('x', 1000) || i) FROM range(100000000) t(i)";
    const failure = await session.query(huge).catch((e) => e);
    expect(failure).toMatchObject({ code: 'SQL_MEMORY' });
  });

  test('a session still answers after all of that', async () => {
    const { columns } = await session.query('SELECT count(*) AS n FROM events');
    expect(columns).toEqual(['n']);
  });
});
