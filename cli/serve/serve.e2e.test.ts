/**
 * Goal: the server says where its page is, serves that alone, and ends in order.
 * Method: the built program as a process.
 */

import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildTrace, scratchFolder, traceFile } from '../../tests/build-trace.js';
import { importedCapturePath } from '../../tests/captures.js';
import { serveTraces } from '../../tests/served.js';
import { vfr } from '../../tests/vfr.js';
import type { Place, RowWindow, Status } from './page-messages.js';

const MARKS = [{ kind: 'mark', text: 'a' }, { kind: 'mark' }] as const;

test.each([
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
] as const)('a server that gets %s ends with code 0 and answers no more', async (signal) => {
  const served = await serveTraces([traceFile(MARKS)]);
  expect((await fetch(served.url)).status).toBe(200);
  expect(await served.end(signal)).toBe(0);
  await expect(fetch(served.url)).rejects.toThrow();
});

test('each run of the server has another address, of this machine alone', async () => {
  const file = traceFile(MARKS);
  const servers = [await serveTraces([file]), await serveTraces([file])];
  const [first, second] = servers.map(({ url }) => new URL(url));
  expect(first.hostname).toBe('127.0.0.1');
  expect(first.pathname).toMatch(/^\/[\w-]{43}\/$/);
  expect(first.pathname).not.toBe(second.pathname);
  for (const { end } of servers) expect(await end()).toBe(0);
});

test('the server says that a trace is incomplete and serves what is there', async () => {
  const file = join(scratchFolder(), 'cut.arrows');
  writeFileSync(file, buildTrace(MARKS, { batchRows: 1 }).subarray(0, -64));
  const served = await serveTraces([file]);
  expect(served.messages()).toContain('INCOMPLETE: truncated after seq 1');
  const status = (await (await fetch(`${served.url}status`)).json()) as Status;
  expect(status.traces).toMatchObject([{ events: 2, isComplete: false }]);
  await served.end();
});

test('a port in use is an error of this machine, with code 4', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const { code, stdout, stderr } = vfr(['serve', '--port', String(port), traceFile(MARKS)]);
  other.close();
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(stderr).toContain('(SERVE_PORT)');
});

test('a trace from a pipe is refused, and a port that is no number, too', () => {
  const pipe = vfr(['serve', '-'], { input: 'x' });
  expect(pipe.code).toBe(2);
  expect(pipe.stderr).toContain('(SERVE_STREAM)');
  expect(vfr(['serve', '--port', '65536', traceFile(MARKS)]).code).toBe(2);
});

test('a query in SQL is bounded as in vfr sql, and a forbidden one is refused', async () => {
  const served = await serveTraces([traceFile(MARKS), '--time', '2']);
  const ask = async (sql: string) => {
    const response = await fetch(`${served.url}sql`, { method: 'POST', body: sql });
    return { status: response.status, answer: await response.json() };
  };
  expect(await ask('SELECT count(*) AS n FROM events')).toMatchObject({
    status: 200,
    answer: { columns: ['n'], rows: [['2']], more: false },
  });
  for (const [sql, code] of [
    ["SELECT * FROM read_text('/etc/passwd')", 'SQL_FORBIDDEN'],
    ['DROP TABLE events', 'SQL_FORBIDDEN'],
    ['SELECT count(*) FROM range(1000000000) a, range(1000000000) b', 'SQL_TIME'],
  ])
    expect(await ask(sql)).toMatchObject({ status: 400, answer: { code } });
  await served.end();
});

test('races are findings, and are noted at their rows', async () => {
  const served = await serveTraces([importedCapturePath('sriov-on-r1')]);
  const answer = async <T>(name: string) => (await (await fetch(served.url + name)).json()) as T;
  let [trace] = (await answer<Status>('status')).traces;
  while (trace.lanes === null || trace.stage !== 'done') {
    await new Promise((resolve) => setTimeout(resolve, 50));
    [trace] = (await answer<Status>('status')).traces;
  }
  const raced = trace.findings.find(({ what }) => what.startsWith('operations raced for'));
  const { row } = await answer<Place>(`place?seq=${raced?.seqs[0]}`);
  const { rows } = await answer<RowWindow>(`rows?first=${row}&count=1`);
  expect(rows[0].note).toMatch(/^races with \d+ /);
  await served.end();
});

/** A trace of six events in three batches. */
const GROWING = buildTrace(
  Array.from({ length: 6 }, (_, i) => ({ kind: 'mark', text: `event ${i}` }) as const),
  { batchRows: 2 },
);

test('a trace that is being recorded is followed', async () => {
  const file = join(scratchFolder(), 'growing.arrows');
  const half = GROWING.length * 0.6;
  writeFileSync(file, GROWING.subarray(0, half));
  const served = await serveTraces([file, '--follow']);
  const events = async () => {
    const status = (await (await fetch(`${served.url}status`)).json()) as Status;
    return status.traces[0].events;
  };
  const before = await events();
  expect(before).toBeLessThan(6);
  appendFileSync(file, GROWING.subarray(half));
  while ((await events()) < 6) await new Promise((resolve) => setTimeout(resolve, 50));
  const rowsUrl = `${served.url}rows?first=5&count=1`;
  const { rows: last } = (await (await fetch(rowsUrl)).json()) as RowWindow;
  expect(last[0]).toMatchObject({ seq: 5, what: 'mark event 5' });
  await served.end();
});

test('a trace that gets its final name at its end is followed to there', async () => {
  const file = join(scratchFolder(), 'live.arrows');
  const partial = `${file}.partial`;
  const half = GROWING.length * 0.6;
  writeFileSync(partial, GROWING.subarray(0, half));
  const served = await serveTraces([partial, '--follow']);
  const status = async () => {
    const { traces } = (await (await fetch(`${served.url}status`)).json()) as Status;
    return traces[0];
  };
  appendFileSync(partial, GROWING.subarray(half));
  renameSync(partial, file);
  while (!(await status()).isComplete || (await status()).lanes === null)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await status()).toMatchObject({ name: file, events: 6, problem: null });
  expect(await served.end()).toBe(0);
});
