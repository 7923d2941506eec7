/** Goal: vfr export keeps what an output promises. Method: the program, with files and streams. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder, traceFile } from '../tests/build-trace.js';
import { vfr } from '../tests/vfr.js';

test('an export to a file says how large it is, as a document where that is wanted', () => {
  const cwd = scratchFolder();
  const file = traceFile([{ kind: 'mark', text: 'a' }]);
  const args = ['export', file, '--to', 'jsonl', '-o', 'out.jsonl', '--json'];
  const { code, stdout } = vfr(args, { cwd });
  const written = readFileSync(join(cwd, 'out.jsonl'), 'utf8');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    output: 'out.jsonl',
    format: 'jsonl',
    events: 1,
    bytes: written.length,
  });
  expect(JSON.parse(written)).toMatchObject({ seq: 0, kind: 'mark', text: 'a' });
});

test('an export to stdout is the export alone', () => {
  const { stdout } = vfr(['export', traceFile([{ kind: 'mark' }]), '--to', 'chrome', '-o', '-']);
  expect(JSON.parse(stdout).traceEvents.at(-1)).toMatchObject({ ph: 'i', name: 'mark' });
});

test('an export that fails leaves the file that had its name', () => {
  const cwd = scratchFolder();
  writeFileSync(join(cwd, 'old'), 'old');
  const file = traceFile([{ kind: 'mark' }]);
  const { code, stderr } = vfr(['export', file, '--to', 'umockdev', '-o', 'old'], { cwd });
  expect(code).toBe(3);
  expect(stderr).toContain('SNAPSHOT_MISSING');
  expect(readFileSync(join(cwd, 'old'), 'utf8')).toBe('old');
});

test('an export never replaces the trace that it reads, and needs a format', () => {
  const file = traceFile([{ kind: 'mark' }]);
  const over = vfr(['export', file, '--to', 'parquet', '-o', file]);
  expect(over.code).toBe(2);
  expect(over.stderr).toContain('OUTPUT_IS_INPUT');
  expect(vfr(['info', file]).code).toBe(0);
  const { code, stderr } = vfr(['export', file, '-o', 'x']);
  expect({ code, named: stderr.includes('FORMAT_MISSING') }).toEqual({ code: 2, named: true });
  expect(vfr(['export', file, '--to', 'csv']).stderr).toContain('OUTPUT_MISSING');
  expect(existsSync('x')).toBe(false);
});
