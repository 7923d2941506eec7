/**
 * Goal: what scripts rely on holds for every command: help, exit codes, streams, one error at most.
 * Method: the built program is run as a process, where only words are to be checked the same code
 * in this one. The commands are taken from the program itself, so that a new one is tested from its
 * first day.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, scratchFolder, traceFile } from '../tests/build-trace.js';
import { PROGRAM, vfr } from '../tests/vfr.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';
import { createProgram } from './program.js';

const NAMES = createProgram().commands.map((c) => c.name());
/** Commands whose first argument is a trace that must exist. */
const OF_A_TRACE = createProgram().commands.filter(
  (c) => c.registeredArguments[0]?.name() === 'trace',
);
/** A following argument that suits every command that wants one. */
const REST: Record<string, readonly string[]> = {
  sql: ['SELECT 1'],
  export: ['--to', 'jsonl', '-o', '-'],
  report: ['-o', '-'],
  why: ['0'],
};
const onTrace = (name: string, file: string) => [name, file, ...(REST[name] ?? [])];

/** Every error is told once: what and where, then the next step. */
function expectOneError(stderr: string): void {
  const told = stderr.split('\n').filter((line) => line.startsWith('vfr: '));
  expect(told).toHaveLength(1);
  expect(stderr).toMatch(/\n {5}\S/);
  expect(stderr).not.toMatch(/^\s+at /m);
}

describe.each(NAMES)('vfr %s', (name) => {
  test('--help goes to stdout with code 0', async () => {
    const { code, stdout, stderr } = await vfrInProcess([name, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: vfr ${name}`));
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('an unknown option is wrong usage', async () => {
    const { code, stdout, stderr } = await vfrInProcess([name, '--no-such-option']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown option '--no-such-option'");
    expectOneError(stderr);
  });
});

describe.each(OF_A_TRACE.map((c) => c.name()))('vfr %s with a bad trace', (name) => {
  const folder = scratchFolder();
  const bad = (file: string, content: Uint8Array | string) => {
    writeFileSync(join(folder, file), content);
    return join(folder, file);
  };
  mkdirSync(join(folder, 'folder'));
  const cases = {
    missing: join(folder, 'no-such-file.arrows'),
    directory: join(folder, 'folder'),
    empty: bad('empty', ''),
    text: bad('text', '# tracer: nop\n'.repeat(100)),
    binary: bad(
      'binary',
      Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3),
    ),
  };

  test.each(Object.entries(cases))('a command refuses a bad trace: %s', (_what, file) => {
    const { code, stdout, stderr } = vfr(onTrace(name, file));
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(file);
    expectOneError(stderr);
  });
});

const STRICT = OF_A_TRACE.filter((c) => c.options.some((o) => o.long === '--strict'));
describe.each(STRICT.map((c) => c.name()))('vfr %s on an incomplete trace', (name) => {
  const whole = buildTrace([{ kind: 'mark', text: 'a' }, { kind: 'mark' }], { batchRows: 1 });
  const cut = join(scratchFolder(), 'cut.arrows');
  writeFileSync(cut, whole.subarray(0, -64));

  // A server goes on until a signal ends it; its own tests read what it says.
  test.skipIf(name === 'serve')('a command on an incomplete trace says so and goes on', () => {
    const { code, stderr } = vfr(onTrace(name, cut));
    // A terminal UI says that it needs a terminal, after it has said this.
    expect([0, 1, 4]).toContain(code);
    expect(stderr).toContain('INCOMPLETE: truncated after seq 1');
  });

  test('--strict refuses it', () => {
    const { code, stdout, stderr } = vfr([...onTrace(name, cut), '--strict']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expectOneError(stderr);
  });
});

describe('vfr', () => {
  test('--version is the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(PROGRAM, '../../../package.json'), 'utf8'));
    expect(vfr(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('vfr without a command shows help as an error', () => {
    const { code, stdout, stderr } = vfr([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: vfr/);
  });

  test('vfr with an unknown command is wrong usage', () => {
    const { code, stdout, stderr } = vfr(['replya']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expectOneError(stderr);
    expect(stderr).toContain("unknown command 'replya'\n     (Did you mean replay?)\n");
  });

  test('--help loads nothing but commander and the command line', () => {
    const coverage = scratchFolder();
    vfr(['--help'], { env: { NODE_V8_COVERAGE: coverage } });
    const loaded = readdirSync(coverage).flatMap((file) => {
      const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8'));
      return result.map((script: { url: string }) => script.url);
    });
    const files = loaded.filter((url) => url.startsWith('file:')).map((url) => new URL(url));
    expect(files.every(({ pathname }) => pathname.startsWith(dirname(PROGRAM)))).toBe(true);
    // The bundle says of every part which file it is from.
    const parts = files.flatMap(
      (file) => readFileSync(file, 'utf8').match(/^\/\/ .*\.m?js$/gm) ?? [],
    );
    expect(parts.some((part) => part.includes('node_modules/commander/'))).toBe(true);
    const heavy = parts.filter((part) => !/node_modules\/commander\/|dist\/cli\//.test(part));
    expect(heavy).toEqual([]);
  });

  test('vfr ends quietly when the reader of its output has gone', () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({ kind: 'mark', text: `${i}` }) as const);
    const command = `"${process.execPath}" "${PROGRAM}" events "${traceFile(rows)}" | head -1`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -o pipefail; ${command}`], {
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).not.toContain('EPIPE');
  });

  test('vfr reports a full disk under its output, with the code of an unreadable file', () => {
    const file = traceFile(Array.from({ length: 2000 }, () => ({ kind: 'mark' })));
    const shell = (command: string) =>
      spawnSync('bash', ['-c', `vfr() { "${process.execPath}" "${PROGRAM}" "$@"; }; ${command}`], {
        encoding: 'utf8',
      });
    const output = join(scratchFolder(), 'rows');
    // The kernel takes a part of the write that reaches the limit.
    const short = shell(`ulimit -f 16; vfr events "${file}" --format jsonl > "${output}"`);
    expect(short.status).toBe(3);
    expect(short.stderr).toContain('FILE_EFBIG');
    expectOneError(short.stderr);
    for (const args of [`events "${file}" --format csv`, `info "${file}"`, 'info --help']) {
      const { status, stderr } = shell(`vfr ${args} > /dev/full`);
      expect({ status, full: stderr.includes('no space left') }).toEqual({ status: 3, full: true });
      expectOneError(stderr);
    }
  });

  test('colours only when asked to or on a terminal', () => {
    const file = traceFile([{ kind: 'mark' }]);
    expect(vfr(['info', file], { env: { FORCE_COLOR: '' } }).stdout).not.toContain('\u001b[');
    expect(vfr(['info', file, '--color', 'always']).stdout).toContain('\u001b[');
  });
});
