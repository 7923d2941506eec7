/**
 * Goal: a command on several traces answers for all that can be read, names each, and does not hide
 * that one cannot.
 * Method: three small traces, the second of which is damaged: no trace at all, or cut.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildTrace, scratchFolder, traceFile } from '../tests/build-trace.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';

const folder = scratchFolder();
const written = (name: string, bytes: Uint8Array | string): string => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
};

const lost = { kind: 'lost', value: 3n } as const;
const first = traceFile([{ kind: 'mark', text: 'a' }, { kind: 'mark' }]);
const third = traceFile([{ kind: 'mark', text: 'c' }, lost]);
const damaged = written('damaged.arrows', 'no trace\n'.repeat(100));
const cut = written(
  'cut.arrows',
  buildTrace([{ kind: 'mark', text: 'a' }, { kind: 'mark' }], { batchRows: 1 }).subarray(0, -64),
);
const three = [first, damaged, third];

const REPORTED = new RegExp(`^vfr: ${damaged}.*\\n {5}\\S.* \\([A-Z_]+\\)$`, 'm');
const AN_ERROR = {
  trace: damaged,
  code: expect.stringMatching(/^[A-Z_]+$/),
  message: expect.stringMatching(/\S/),
  next: expect.stringMatching(/\S/),
};

test('SQL over several traces has the rows of all but the damaged one, which is a row of errors', async () => {
  const query = 'SELECT trace, count(*) AS n FROM events GROUP BY ALL ORDER BY n, trace';
  const rows = await vfrInProcess(['sql', ...three, query, '--json']);
  expect(rows.code).toBe(3);
  expect(rows.stderr).toMatch(REPORTED);
  const names = [first, third].sort();
  expect(JSON.parse(rows.stdout)).toEqual(names.map((trace) => ({ trace, n: 2 })));
  const errors = await vfrInProcess(['sql', ...three, 'FROM errors', '--json']);
  expect(errors.code).toBe(3);
  expect(JSON.parse(errors.stdout)).toEqual([AN_ERROR]);
});

test('the column trace remains when only one of several traces can be read', async () => {
  const query = 'SELECT DISTINCT trace FROM events';
  const { code, stdout } = await vfrInProcess(['sql', damaged, first, query, '--json']);
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toEqual([{ trace: first }]);
});

test('a trace that is cut is a row of errors, and its readable part is in the tables', async () => {
  const query =
    "SELECT code, (SELECT count(*) FROM events WHERE kind = 'mark')::INT AS n FROM errors";
  const { code, stdout } = await vfrInProcess(['sql', cut, query, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual([{ code: 'TRACE_INCOMPLETE', n: 2 }]);
});

test('--strict leaves an incomplete trace out of several', async () => {
  const query =
    "SELECT count(*)::INT AS n, (SELECT string_agg(code, '') FROM errors) AS code FROM events";
  const all = [first, cut];
  const { code, stdout } = await vfrInProcess(['sql', ...all, query, '--json', '--strict']);
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toEqual([{ n: 2, code: 'TRACE_INCOMPLETE' }]);
});

const EACH: readonly (readonly [string, ...string[]])[] = [
  ['info'],
  ['races'],
  ['check'],
  ['timeline'],
  ['replay'],
  ['why', '--errno'],
];

test.each(EACH)('vfr %s --json has a document for each trace', async (name, ...choice) => {
  const { code, stdout, stderr } = await vfrInProcess([name, ...three, ...choice, '--json']);
  expect(code).toBe(3);
  expect(stderr).toMatch(REPORTED);
  const { traces, errors } = JSON.parse(stdout);
  expect(errors).toEqual([AN_ERROR]);
  expect(traces.map(({ trace }: { trace: string }) => trace)).toEqual([first, third]);
  const alone = JSON.parse((await vfrInProcess([name, first, ...choice, '--json'])).stdout);
  expect(traces[0]).toEqual({ trace: first, ...alone });
});

test.each(EACH)('vfr %s names each trace in its text', async (name, ...choice) => {
  const { code, stdout } = await vfrInProcess([name, ...three, ...choice]);
  expect(code).toBe(3);
  const [at, then] = [stdout.indexOf(first), stdout.indexOf(third)];
  expect(at).toBeGreaterThanOrEqual(0);
  expect(then).toBeGreaterThan(at);
  expect(stdout).not.toContain(damaged);
});

test('vfr events has the events of all but the damaged trace, with a column trace', async () => {
  const { code, stdout, stderr } = await vfrInProcess(['events', ...three, '--json']);
  expect(code).toBe(3);
  expect(stderr).toMatch(REPORTED);
  const traces = JSON.parse(stdout).map(({ trace }: { trace: string }) => trace);
  expect(traces.toSorted()).toEqual([first, first, third, third].toSorted());
  const table = await vfrInProcess(['events', ...three]);
  expect(table.stdout.split('\n')[0]).toMatch(/^trace /);
});

test.each([
  [['why', first, third], 'WHY_WHICH'],
  [['why', first, '1', '--errno'], 'WHY_WHICH'],
  [['replay', first, third, '--at', '1'], 'REPLAY_INPUT'],
])('what is about one event of one trace refuses several: %s', async (args, error) => {
  const { code, stderr } = await vfrInProcess(args);
  expect(code).toBe(2);
  expect(stderr).toContain(error);
});

test('JUnit and SARIF have a part for each trace, and an error for the damaged one', async () => {
  const junit = await vfrInProcess(['check', ...three, '--format', 'junit']);
  expect(junit.stdout.match(/<testsuite name="[^"]*"/g)).toEqual(
    [first, third, damaged].map((file) => `<testsuite name="${file}"`),
  );
  expect(junit.stdout).toMatch(/tests="1" failures="0" errors="1"/);
  const sarif = await vfrInProcess(['check', ...three, '--format', 'sarif']);
  const { runs } = JSON.parse(sarif.stdout);
  expect(runs.map(({ results }: { results: unknown[] }) => results.length)).toEqual([0, 1, 0]);
  expect(runs[2].invocations[0].executionSuccessful).toBe(false);
});

test('several traces without a damaged one keep the exit codes of one trace', async () => {
  expect((await vfrInProcess(['check', first, first])).code).toBe(0);
  expect((await vfrInProcess(['check', first, third])).code).toBe(1);
});

test('a command without any readable trace fails, and reports each of them', async () => {
  const missing = join(folder, 'missing.arrows');
  const { code, stdout, stderr } = await vfrInProcess(['info', damaged, missing]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain(damaged);
  expect(stderr).toContain(missing);
});
