/**
 * Goal: the streams of the shell are outputs like any other: none of them destroys what is read, and
 * none that cannot be written passes for written. Method: the program as users start it, by its own
 * first line, with streams that a shell has redirected or closed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, scratchFolder } from '../tests/build-trace.js';
import { PROGRAM } from '../tests/vfr.js';

const TRACE = buildTrace([{ kind: 'mark', text: 'a' }, { kind: 'mark' }]);

function shell(command: string) {
  const cwd = scratchFolder();
  writeFileSync(join(cwd, 't.arrows'), TRACE);
  writeFileSync(join(cwd, 'query.sql'), 'SELECT 1');
  symlinkSync('t.arrows', join(cwd, 'link'));
  const script = `vfr() { "${PROGRAM}" "$@"; }; ${command}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8' });
  const read = (file: string) => readFileSync(join(cwd, file));
  return { status, stdout, stderr, read };
}

describe('a stream that is the input', () => {
  test.each([
    'vfr events t.arrows >> t.arrows',
    'vfr events link 1<> t.arrows',
    'vfr info - < t.arrows >> t.arrows',
    'vfr verify t.arrows --json >> link',
    'vfr sql t.arrows "SELECT 1" >> t.arrows',
    'vfr cut t.arrows -o other.arrows --json >> t.arrows',
    'vfr cat t.arrows t.arrows >> t.arrows',
    'vfr import t.arrows -o other.arrows >> t.arrows',
    'vfr debug t.arrows >> t.arrows < /dev/null',
  ])('%s leaves it as it was', (command) => {
    const { status, stderr, read } = shell(command);
    expect(status).toBe(2);
    expect(stderr).toContain('(OUTPUT_IS_INPUT)');
    expect(read('t.arrows').equals(TRACE)).toBe(true);
  });

  test('a stream that is the input is told of though the shell has emptied it', () => {
    const { status, stderr } = shell('vfr events t.arrows > t.arrows');
    expect({ status, told: stderr.includes('(OUTPUT_IS_INPUT)') }).toEqual({
      status: 2,
      told: true,
    });
  });

  test.each([
    'vfr info t.arrows 2>> t.arrows',
    'vfr events t.arrows >> t.arrows 2>&1',
    'cp t.arrows first; vfr cat first t.arrows -o other.arrows 2>> t.arrows',
  ])('%s gets no message either', (command) => {
    const { status, read } = shell(command);
    expect(status).toBe(2);
    expect(read('t.arrows').equals(TRACE)).toBe(true);
  });

  test.each([
    'vfr scenarios check mine.json >> mine.json',
    'vfr scenarios ./mine.json --json >> mine.json',
    'vfr record --scenario ./mine.json -o mine.json',
    'vfr record --scenario ./mine.json -o t.arrows 2>> mine.json',
  ])('a stream that is the input may be a scenario: %s leaves it as it was', (command) => {
    const make = 'vfr scenarios two-binders > mine.json; cp mine.json before.json';
    const { status, read } = shell(`${make}; ${command}`);
    expect(status).toBe(2);
    expect(read('mine.json').equals(read('before.json'))).toBe(true);
  });

  test('a stream that is the input may be the file of the query', () => {
    const { status, read } = shell('vfr sql t.arrows -f query.sql >> query.sql');
    expect({ status, query: read('query.sql').toString() }).toEqual({
      status: 2,
      query: 'SELECT 1',
    });
  });
});

describe('a closed standard output', () => {
  test.each([
    'vfr info t.arrows',
    'vfr events t.arrows --json',
    'vfr --help',
    'vfr cut t.arrows',
    'vfr import --list',
  ])('%s >&- is an error', (command) => {
    const { status, stderr } = shell(`${command} >&-`);
    expect(status).toBe(3);
    expect(stderr).toContain('(FILE_EBADF)');
  });

  test('a closed standard output is no error for a command that prints nothing', () => {
    const { status, read } = shell('vfr cut t.arrows -o other.arrows >&-');
    expect(status).toBe(0);
    expect(read('other.arrows').length).toBeGreaterThan(0);
  });

  test('a closed standard output is another thing than /dev/null', () => {
    expect(shell('vfr info t.arrows > /dev/null').status).toBe(0);
    expect(shell('vfr info t.arrows 1<> /dev/null').status).toBe(0);
  });
});

describe('an output by name', () => {
  test.each([
    'cut t.arrows',
    'import t.arrows',
    'demo',
    'record',
  ])('`vfr %s -o ""` is wrong usage', (c) => {
    const { status, stderr } = shell(`vfr ${c} -o ""`);
    expect({ status, told: stderr.includes('It is empty: name a file') }).toEqual({
      status: 2,
      told: true,
    });
  });

  test('/dev/stdout is appended to where the shell says so', () => {
    const { status, read } = shell('echo before > log; vfr cut t.arrows -o /dev/stdout >> log');
    expect(status).toBe(0);
    expect(read('log').subarray(0, 7).toString()).toBe('before\n');
  });
});

test('a file of a query is read as far as a query may be long', () => {
  const { status, stderr } = shell('head -c 2M /dev/zero > big.sql; vfr sql t.arrows -f big.sql');
  expect({ status, told: stderr.includes('(SQL_TOO_LONG)') }).toEqual({ status: 2, told: true });
});

describe('too few open files', () => {
  test.each([19, 20, 21, 22])('%i are told of, with the code of what cannot be here', (most) => {
    const { status, stderr } = shell(`ulimit -n ${most}; vfr info t.arrows`);
    // What is enough depends on the version of Node.
    if (status === 0) return;
    expect(status).toBe(4);
    expect(stderr).toMatch(/^vfr: .*too many open files/m);
    expect(stderr).toContain('(FILE_EMFILE)');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
