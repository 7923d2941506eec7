/**
 * Goal: the shell of `vfr sql` answers statement after statement, on a terminal and from a pipe, and
 * nothing but its user ends it.
 * Method: the built program; on a pseudo terminal a script waits for a text before it types, so that
 * nothing depends on how fast the machine is.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, scratchFolder } from '../tests/build-trace.js';
import { hasPython, playOnTerminal, type Step } from '../tests/pseudo-terminal.js';
import { vfr } from '../tests/vfr.js';

const folder = scratchFolder();
const trace = join(folder, 't.arrows');
writeFileSync(
  trace,
  buildTrace(Array.from({ length: 300 }, (_, i) => ({ kind: 'mark', text: `mark ${i}` }) as const)),
);
const script = join(folder, 'script.sql');
writeFileSync(script, 'SELECT 7 AS seven; -- and no more\n');

const shell = (input: string) => vfr(['sql', trace], { input });

describe('statements from a pipe', () => {
  test('each statement prints its result, however it is broken into lines', () => {
    const { code, stdout } = shell("SELECT 1 AS a; SELECT\n ';' AS b\n;SELECT 3 AS c");
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'a\n1\nb\n;\nc\n3\n' });
  });

  test('commands change how rows are printed, and run files', () => {
    const { code, stdout } = shell(
      `.mode csv\nSELECT 'a,b' AS x;\n.read ${script}\n.mode\n.quit\nx;`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'x\n"a,b"\nseven\n7\ncsv\n' });
  });

  test('a table is described with units and meanings', () => {
    const { stdout } = shell('.schema holders\n.tables\n');
    expect(stdout).toMatch(/opened_ts +time: /);
    expect(stdout).toMatch(/^bindings {2,}Which driver/m);
  });

  test('an error ends the shell with its exit code, and later statements do not run', () => {
    const { code, stdout, stderr } = shell('SELECT nope; SELECT 1;');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('SQL_FAILED');
  });

  test('nothing to read is no error', () => {
    expect(shell('')).toMatchObject({ code: 0, stdout: '' });
  });

  test('a shell runs nothing that a query may not', () => {
    expect(shell("SELECT * FROM read_text('/etc/passwd');").stderr).toContain('SQL_FORBIDDEN');
    expect(shell('SET threads = 1;').stderr).toContain('SQL_FORBIDDEN');
  });
});

describe('several statements as an argument', () => {
  test('each prints its result in the format', () => {
    const { stdout } = vfr(['sql', trace, 'SELECT 1 AS a; SELECT 2 AS b;', '--format', 'tsv']);
    expect(stdout).toBe('a\n1\nb\n2\n');
  });
});

const ENDLESS = 'SELECT count(*) FROM range(10000000) a, range(10000000) b;';
const line = (text: string): string[] => [`${text}\r`];

describe.skipIf(!hasPython)('the shell on a terminal', () => {
  const state = join(folder, 'state');
  const env = { XDG_STATE_HOME: state, PAGER: 'cat', TERM: 'xterm' };
  const play = (steps: readonly Step[], rows = 30) =>
    playOnTerminal(['sql', trace], steps, { rows, env });

  test('Ctrl-C ends the query and not the shell, and Ctrl-D leaves', () => {
    const played = play([
      ['vfr> ', line(ENDLESS)],
      ['b;', ['\u0003']],
      ['SQL_CANCELLED', line("SELECT 'still' || ' here' AS x;")],
      ['still here', ['\u0004']],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('Ctrl-C discards what was typed', () => {
    const played = play([
      ['vfr> ', line('SELECT nonsense')],
      ['...> ', ['\u0003']],
      ['vfr> ', line("SELECT 'fine' || '!' AS x;")],
      ['fine!', line('.quit')],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('an error leaves the shell open', () => {
    const played = play([
      ['vfr> ', line('SELECT nope;')],
      ['SQL_FAILED', line("SELECT 'on' || 'wards' AS x;")],
      ['onwards', line('.quit')],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('Tab completes tables and columns', () => {
    const played = play([
      ['vfr> ', ['SELECT count(*) AS n FROM device_l', '\t']],
      ['device_lifetimes', line(';')],
      ['\n0', line('.quit')],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('lines are kept for the next time, for their owner alone', () => {
    play([
      ['vfr> ', line("SELECT 'kept' || 'line' AS x;")],
      ['keptline', line('.quit')],
    ]);
    const file = join(state, 'vfr', 'sql-history');
    expect(readFileSync(file, 'utf8')).toContain("SELECT 'kept' || 'line' AS x;\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = play([
      ['vfr> ', ['\u001b[A', '\u001b[A', '\r']],
      ['keptline', line('.quit')],
    ]);
    expect(again).toMatchObject({ code: 0, missing: null });
  });

  test('a long result goes through the pager, and the shell goes on', () => {
    const played = playOnTerminal(
      ['sql', trace],
      [
        ['vfr> ', line('SELECT seq FROM events;')],
        ['PAGED 301', line('.quit')],
      ],
      { rows: 10, env: { ...env, PAGER: 'awk \'END { print "PAGED " NR }\'' } },
    );
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('--no-pager prints a long result itself', () => {
    const played = playOnTerminal(['sql', trace, 'SELECT seq FROM events', '-q'], [['299', []]], {
      rows: 10,
      env: { ...env, PAGER: 'awk 1' },
    });
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('a table fits the width of the terminal', () => {
    const query = "SELECT repeat('x', 200) AS a, repeat('y', 200) AS b";
    const { output } = playOnTerminal(['sql', trace, query], [['y', []]], { columns: 60, env });
    const rows = output.split(/\r?\n/).filter((row) => /x{3}/.test(row));
    expect(rows.length).toBe(1);
    expect(rows[0].length).toBeLessThanOrEqual(60);
  });
});
