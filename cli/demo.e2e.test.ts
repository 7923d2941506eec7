/**
 * Goal: `vfr demo` goes the whole way on the recording that comes with vfr and leaves a trace to go
 * on with. Method: the built program in an empty folder; the trace is then read as any other.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from '../tests/build-trace.js';
import { PROGRAM, vfr } from '../tests/vfr.js';

const README = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

/** What README shows under a command, as lines; … stands for what it leaves out. */
function shown(command: string): readonly string[] {
  const from = README.indexOf(`\n$ ${command}`);
  expect(from, command).toBeGreaterThan(0);
  const block = README.slice(from + 1, README.indexOf('\n```', from));
  return block.split('\n').slice(1);
}

/** Without how long the import took, which differs from run to run. */
const timeless = (line: string) => line.replace(/ in \d+\.\d+ s:/, ' in N s:');

describe('README', () => {
  test('README shows what the demo and its example of SQL print', () => {
    const cwd = scratchFolder();
    const printed = vfr(['demo'], { cwd }).stdout.split('\n').map(timeless);
    const lines = shown('vfr demo').map(timeless);
    let at = 0;
    for (const line of lines.filter((text) => text.trim() !== '…')) {
      at = printed.indexOf(line, at) + 1;
      expect(at, line).toBeGreaterThan(0);
    }
    const sql = /\$ vfr sql vfr-demo\.arrows "([^"]+)"\n([^$]+)\n\$/.exec(README);
    const { stdout } = vfr(['sql', 'vfr-demo.arrows', sql?.[1] ?? ''], { cwd });
    expect(stdout.trimEnd()).toBe(sql?.[2]);
  });
});

describe('vfr demo', () => {
  test('vfr demo imports, replays, finds races and hot spots, and says how to go on', () => {
    const cwd = scratchFolder();
    const { code, stdout, stderr } = vfr(['demo'], { cwd });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^Import .*\n {2}\d+ records of the kernel became \d+ events/);
    expect(stdout).toMatch(
      /\nReplay\n {2}\d+ of \d+ responses of the kernel matched, 0 diverged;\n/,
    );
    expect(stdout).toMatch(/0000:01:00\.1 ends with /);
    expect(stdout).toMatch(/\nRaces: \d+ races in \d+ incidents on \d+ devices\n/);
    expect(stdout).toMatch(/\nHot spots of configuration space\n/);
    expect(stdout).toContain('vfr browse vfr-demo.arrows');
    expect(stdout.split('\n').length).toBeLessThan(70);
    expect(vfr(['info', join(cwd, 'vfr-demo.arrows'), '--strict']).code).toBe(0);
  });

  test('the command that vfr demo names shows which task took the VF, and by which write', () => {
    const cwd = scratchFolder();
    const named = /^ {2}vfr (timeline .*)$/m.exec(vfr(['demo'], { cwd }).stdout);
    const { code, stdout } = vfr(named?.[1].split(' ') ?? [], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/ nvme bound by vfr-sriov-admin-\d+ \(sriov_numvfs=4\), released at/);
    expect(stdout).toMatch(/ vfio-pci bound by vfr-overrider-\d+ \(vfio-pci\/bind\)/);
  });

  test('a vfr demo that cannot write says so, and leaves no file', () => {
    const cwd = scratchFolder();
    mkdirSync(join(cwd, 'taken'));
    const { code, stdout, stderr } = vfr(['demo', '-o', 'taken'], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('taken');
  });
});

describe('vfr import of several inputs', () => {
  const text = (who: string, times: readonly string[]) =>
    `# tracer: nop\n#\n#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n${times
      .map((t) => `           ${who}-77      [000] ..... ${t}: tracing_mark_write: ${who} ${t}\n`)
      .join('')}`;

  test('several inputs of vfr import puts their events on one timeline', () => {
    const cwd = scratchFolder();
    writeFileSync(join(cwd, 'a.txt'), text('aa', ['1.000000', '3.000000']));
    writeFileSync(join(cwd, 'b.txt'), text('bb', ['2.000000', '4.000000']));
    const run = vfr(['import', 'a.txt', 'b.txt', '-o', 'both.arrows', '--json'], { cwd });
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ events: 4, unparsed: 0, kinds: { mark: 4 } });
    const query = 'SELECT task FROM events ORDER BY seq';
    const rows = vfr(['sql', 'both.arrows', query, '--format', 'csv'], { cwd }).stdout;
    expect(rows).toBe('task\naa\nbb\naa\nbb\n');
  });

  test('several inputs of vfr import with an output in a missing folder are refused', () => {
    const cwd = scratchFolder();
    for (const name of ['a.txt', 'b.txt']) writeFileSync(join(cwd, name), text('aa', ['1.000000']));
    const { code, stderr } = vfr(['import', 'a.txt', 'b.txt', '-o', 'none/out.arrows'], { cwd });
    expect(code).toBe(3);
    expect(stderr).toContain('none: no such file or directory');
  });

  test('inputs of vfr import whose clocks differ are refused with the name of the input', () => {
    const cwd = scratchFolder();
    writeFileSync(join(cwd, 'a.txt'), '[    1.000000] pci 0000:00:01.0: one\n');
    writeFileSync(join(cwd, 'b.txt'), '7 1795252724.999990 close(3) = 0\n');
    const { code, stderr } = vfr(['import', 'a.txt', 'b.txt', '-o', 'both.arrows'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^vfr: b\.txt: its clock is realtime/);
    expect(stderr).toContain('CLOCKS_DIFFER');
    expect(readdirSync(cwd).sort()).toEqual(['a.txt', 'b.txt']);
  });

  test('several inputs of vfr import go to a pipe, and the report to stderr', () => {
    const cwd = scratchFolder();
    for (const name of ['a.txt', 'b.txt']) writeFileSync(join(cwd, name), text('aa', ['1.000000']));
    const script = `"${process.execPath}" "${PROGRAM}" import a.txt b.txt -o - | cat > out.arrows`;
    const { status, stderr } = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stderr).toMatch(/\nevents +2\n/);
    expect(vfr(['verify', 'out.arrows'], { cwd }).code).toBe(0);
    expect(readdirSync(cwd).sort()).toEqual(['a.txt', 'b.txt', 'out.arrows']);
  });

  test('a missing input of vfr import leaves no output', () => {
    const cwd = scratchFolder();
    writeFileSync(join(cwd, 'a.txt'), text('aa', ['1.000000']));
    const { code } = vfr(['import', 'a.txt', 'none.txt', '-o', 'both.arrows'], { cwd });
    expect(code).toBe(3);
    expect(existsSync(join(cwd, 'both.arrows'))).toBe(false);
  });
});
