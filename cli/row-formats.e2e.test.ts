/**
 * Goal: rows are printed so that programs get exactly the values and terminals get nothing harmful.
 * Method: `vfr sql` and `vfr events` on a small trace; JSON and CSV are parsed back.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EventRow, scratchFolder, traceFile } from '../tests/build-trace.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';
import { COLUMNS } from '../traces/index.js';
import { toJson } from './output.js';
import { printable } from './row-formats.js';

const NASTY = 'a "b", c\nd \u001b[31mé';
const rows: EventRow[] = [
  { kind: 'mark', text: NASTY, value: (1n << 64n) - 1n, ret: -16n, ts: 5n },
  { kind: 'sysfs.write', name: 'bind', data: Uint8Array.of(0, 255), text: '', cpu: 3, ts: 7n },
  { kind: 'mark', ts: 9n },
];
const trace = traceFile(rows);

/** What a query prints; it must succeed. */
async function sql(query: string, format = 'table'): Promise<string> {
  const result = await vfrInProcess(['sql', trace, query, '--format', format]);
  expect(result.code, result.stderr).toBe(0);
  return result.stdout;
}

const codeOf = async (...args: string[]) => (await vfrInProcess(args)).code;

describe('vfr sql', () => {
  test('--format json gives every value in full', async () => {
    const stdout = await sql('SELECT seq, value, ret, text, data FROM events', 'json');
    expect(stdout).toContain('"value":18446744073709551615');
    const [first, second, third] = JSON.parse(stdout);
    expect(first).toMatchObject({ seq: 0, ret: -16, text: NASTY, data: null });
    expect(second).toMatchObject({ seq: 1, value: null, text: '', data: '00ff' });
    expect(third).toEqual({ seq: 2, value: null, ret: null, text: null, data: null });
  });

  test('--format json of no rows is an empty list', async () => {
    expect(await sql('FROM events WHERE false', 'json')).toBe('[]\n');
  });

  test('nested values are JSON in every format', async () => {
    const query = "SELECT [1, NULL] AS list, {'a': 2::UBIGINT} AS struct";
    const nested = { list: [1, null], struct: { a: 2 } };
    expect(JSON.parse(await sql(query, 'jsonl'))).toEqual(nested);
    expect(await sql(query, 'csv')).toBe('list,struct\n"[1,null]","{""a"":2}"\n');
  });

  test('--format csv quotes what it must and tells null from the empty string', async () => {
    const csv = await sql('SELECT text, cpu FROM events', 'csv');
    const text = NASTY.replaceAll('"', '""').replace('\u001b', '\\x1b');
    expect(csv).toBe(`text,cpu\n"${text}",\n"",3\n,\n`);
  });

  test('--spreadsheet leaves no text that a spreadsheet calculates', async () => {
    const query =
      "SELECT unnest(['=1+1', '+1', '-1', '@x', chr(9) || '=1', chr(13) || '=1', 'a=1']) AS x, -1 AS y";
    const { stdout } = await vfrInProcess([
      'sql',
      trace,
      query,
      '--format',
      'csv',
      '--spreadsheet',
    ]);
    expect(stdout.trimEnd().split('\n').slice(1)).toEqual([
      "'=1+1,-1",
      "'+1,-1",
      "'-1,-1",
      "'@x,-1",
      "'\\t=1,-1",
      "'\\r=1,-1",
      'a=1,-1',
    ]);
  });

  test('--json is the format json', async () => {
    const { stdout } = await vfrInProcess(['sql', trace, 'SELECT 1 AS a', '--json']);
    expect(JSON.parse(stdout)).toEqual([{ a: 1 }]);
  });

  test('a table is aligned and shows control characters', async () => {
    const heading = `${'text'.padEnd(printable(NASTY).length)}  ${'value'.padStart(20)}`;
    expect((await sql('SELECT text, value FROM events')).split('\n')).toEqual([
      heading,
      'a "b", c\\nd \\x1b[31mé  18446744073709551615',
      '',
      '',
      '',
    ]);
  });

  test('--format line prints a column a line and a blank line between rows', async () => {
    const query =
      'SELECT seq, "offset", text FROM (VALUES (1, 4096, \'a|b\'), (22, NULL, NULL)) t(seq, "offset", text)';
    expect(await sql(query, 'line')).toBe(
      '   seq = 1\noffset = 0x1000\n  text = a|b\n\n   seq = 22\noffset = \n  text = \n',
    );
  });

  test('--format markdown escapes what would end a cell or a row', async () => {
    const query = "SELECT 'a|b' AS x, 'c\\d' || chr(10) || 'e' AS \"y|z\"";
    expect(await sql(query, 'markdown')).toBe(
      '| x | y\\|z |\n| --- | --- |\n| a\\|b | c\\\\d\\\\ne |\n',
    );
  });

  test.each([
    ['table', '1  a\n'],
    ['csv', '1,a\n'],
    ['tsv', '1\ta\n'],
    ['markdown', '| 1 | a |\n'],
    ['line', 'x = 1\ny = a\n'],
    ['jsonl', '{"x":1,"y":"a"}\n'],
  ])('--no-header leaves the names of columns out of %s where they head the rows', async (format, rows) => {
    const query = "SELECT 1 AS x, 'a' AS y";
    const { code, stdout } = await vfrInProcess([
      'sql',
      trace,
      query,
      '--format',
      format,
      '--no-header',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: rows });
  });

  test('--no-header leaves nothing of a table without rows', async () => {
    const query = 'SELECT 1 AS x WHERE false';
    expect((await vfrInProcess(['sql', trace, query])).stdout).toBe('x\n');
    expect((await vfrInProcess(['sql', trace, query, '--no-header'])).stdout).toBe('');
  });

  test('a value of any length moves its own line only', async () => {
    const query = "SELECT unnest(['a', repeat('b', 500)]) AS x, 7 AS y";
    const [heading, short, long] = (await sql(query)).split('\n');
    expect([heading.length, short.length, long.length]).toEqual([63, 63, 503]);
  });

  test('names of columns that occur twice are told apart in JSON', async () => {
    expect(Object.values(JSON.parse(await sql('SELECT 1 AS a, 2 AS a', 'jsonl')))).toEqual([1, 2]);
  });

  test('vfr sql takes the query from a file, and several traces', async () => {
    const query = join(scratchFolder(), 'query.sql');
    writeFileSync(query, 'SELECT count(*) AS n, count(DISTINCT trace) AS t FROM events');
    const other = traceFile(rows);
    const { stdout } = await vfrInProcess(['sql', trace, other, '-f', query, '--format', 'csv']);
    expect(stdout).toBe('n,t\n6,2\n');
  });

  test('an error is told once, with the way out', async () => {
    const failed = await vfrInProcess(['sql', trace, 'SELECT sum(offset) FROM events']);
    expect(failed).toMatchObject({ code: 2, stdout: '' });
    expect(failed.stderr).toContain('Quote the column as "offset"');
    const bare = await vfrInProcess(['sql', trace, 'SELECT offset FROM events']);
    expect(bare.stderr).toContain('Quote the column as "offset"');
    const unknown = await vfrInProcess(['sql', trace, 'FROM nothing']);
    expect(unknown.stderr).toMatch(/There are events, trace_info, spans, .*SQL_FAILED/);
    const empty = await vfrInProcess(['sql', trace, ' ; -- SELECT 1']);
    expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining('SQL_MISSING') });
    expect(await codeOf('sql', trace, 'SELECT 1', '--memory', 'much')).toBe(2);
    expect(await codeOf('sql', trace, '-f', '/no/such/file')).toBe(3);
  });
});

describe('vfr events', () => {
  test('--format jsonl has every column of every event', async () => {
    const { stdout } = await vfrInProcess(['events', trace, '--format', 'jsonl']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const names = COLUMNS.map((c) => c.name);
    expect(events.map((event) => Object.keys(event))).toEqual([names, names, names]);
    expect(events.map(({ seq, ts, kind }) => ({ seq, ts, kind }))).toEqual([
      { seq: 0, ts: 5, kind: 'mark' },
      { seq: 1, ts: 7, kind: 'sysfs.write' },
      { seq: 2, ts: 9, kind: 'mark' },
    ]);
  });

  test('--where and --limit choose; a comment in the condition hides nothing', async () => {
    const count = async (...options: string[]) => {
      const { stdout } = await vfrInProcess(['events', trace, '--format', 'jsonl', ...options]);
      return stdout.split('\n').length - 1;
    };
    expect(await count('--where', "kind = 'mark' -- all marks")).toBe(2);
    expect(await count('--where', "kind = 'mark' -- all marks", '--limit', '1')).toBe(1);
    expect(await count('--limit', '0')).toBe(0);
    expect(await codeOf('events', trace, '--limit', 'x')).toBe(2);
    expect(await codeOf('events', trace, '--where', 'x')).toBe(2);
  });
});

test('printable text cannot reach the terminal', () => {
  expect(printable('\u0000\t\u007f\u009b\u202e')).toBe('\\x00\\t\\x7f\\x9b\\u202e');
  expect(toJson('\u001b[2J\u009b31m')).toBe('"\\u001b[2J\\u009b31m"');
});
