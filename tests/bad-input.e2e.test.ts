/**
 * Goal: bad input gives one clear error and the right exit code, and never a half-written output
 * under the final name. Method: the built program on every kind of bad input there is.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from './build-trace.js';
import { testData } from './test-data.js';
import { vfr } from './vfr.js';

const scratch = scratchFolder();
const file = (name: string, content: string | Uint8Array) => {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
};
const text = testData('captures/sriov-off-r1/trace.txt.zst');
const isRoot = process.getuid?.() === 0;

/** Runs an import that must fail, and returns what it said on stderr. */
function refused(input: string, code: number): string {
  const output = join(scratch, 'refused.arrows');
  const result = vfr(['import', input, '-o', output]);
  expect(result.code, result.stderr).toBe(code);
  expect(result.stdout).toBe('');
  expect(result.stderr.match(/^vfr: /gm), result.stderr).toHaveLength(1);
  expect(existsSync(output)).toBe(false);
  expect(readdirSync(scratch).filter((name) => name.includes('refused'))).toEqual([]);
  return result.stderr;
}

describe('vfr import refuses', () => {
  test('an empty file', () => {
    expect(refused(file('empty.txt', ''), 3)).toMatch(/empty\.txt: .*empty/);
  });

  test('a binary file of no known format', () => {
    const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3);
    expect(refused(file('noise.bin', noise), 3)).toMatch(/no format/);
  });

  test('vfr import refuses a directory', () => {
    expect(refused(scratch, 3)).toMatch(/directory/);
  });

  test('a file that is not there', () => {
    expect(refused(join(scratch, 'missing.txt'), 3)).toMatch(/no such file/);
  });

  test.skipIf(isRoot)('a file that may not be read', () => {
    const path = file('secret.txt', text);
    chmodSync(path, 0);
    expect(refused(path, 3)).toMatch(/permission denied/);
  });

  test('an output that is a directory', () => {
    const output = join(scratch, 'folder');
    mkdirSync(output);
    const result = vfr(['import', file('good.txt', text), '-o', output]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/folder: the output is a directory/);
    expect(readdirSync(output)).toEqual([]);
  });

  test('an output in a directory that is not there', () => {
    const result = vfr(['import', file('good.txt', text), '-o', join(scratch, 'no/out.arrows')]);
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/no such file or directory/);
  });

  test('a format that it does not know', () => {
    const result = vfr([
      ...['import', file('good.txt', text), '-o', join(scratch, 'x.arrows')],
      ...['--format', 'nonsense'],
    ]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/Known formats: .*ftrace/);
  });

  test('a snapshot that is none', () => {
    const result = vfr([
      ...['import', file('good.txt', text), '-o', join(scratch, 'x.arrows')],
      ...['--snapshot', scratch],
    ]);
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/devices\.json: no such file/);
  });
});

describe('vfr import keeps', () => {
  test('everything before a cut in the middle of a line', () => {
    const cut = file('cut.txt', text.subarray(0, 100_003));
    const result = vfr(['import', cut, '-o', join(scratch, 'cut.arrows'), '--json']);
    expect(result.code, result.stderr).toBe(0);
    const { records, unparsed } = JSON.parse(result.stdout);
    const whole = text.subarray(0, 100_003).toString('latin1').split('\n').slice(0, -1);
    const complete = whole.filter((line) => / \[\d{3}\] /.test(line)).length;
    const count = Object.values<number>(records).reduce((a, b) => a + b, 0);
    expect(count + unparsed).toBeGreaterThanOrEqual(complete);
    expect(count + unparsed).toBeLessThanOrEqual(complete + 1);
  });

  test('the file that was there, when the new import fails', () => {
    const output = file('kept.arrows', 'precious');
    expect(vfr(['import', file('none.txt', ''), '-o', output]).code).toBe(3);
    expect(readFileSync(output, 'utf8')).toBe('precious');
  });
});

describe('commands on traces refuse', () => {
  const commands: readonly (readonly string[])[] = [
    ['info'],
    ['events'],
    ['replay'],
    ['races'],
    ['sql', 'SELECT 1'],
  ];

  test.each(commands)('%s: a file that is not a trace', (...words) => {
    const [command, ...rest] = words;
    const result = vfr([command, file('text.arrows', 'no trace at all\n'), ...rest]);
    expect(result.code, result.stderr).toBe(3);
    expect(result.stderr).toMatch(/text\.arrows: .*not a vfr trace/);
  });
});
