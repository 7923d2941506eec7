/**
 * Goal: every command that reads a trace notices what does not belong to it, and no output passes
 * for more than its input was. Method: files that each hold one untruth, through each command.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, scratchFolder } from '../tests/build-trace.js';
import { fileOf, partsOf } from '../tests/frames.js';
import { testData } from '../tests/test-data.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';

const folder = scratchFolder();
const traceOf = (mark: string) =>
  buildTrace(
    Array.from({ length: 20 }, (_, i) => ({ kind: 'mark' as const, text: `${mark}${i}` })),
    { batchRows: 4 },
  );
const [a, b] = [traceOf('a'), traceOf('b')];
const [parts, others] = [partsOf(a), partsOf(b)];

const FILES: Record<string, readonly [bytes: Buffer, told: string]> = {
  'two traces': [Buffer.concat([a, b]), `another trace begins at byte ${a.length}`],
  'a foreign batch': [fileOf(parts.with(10, others[10])), 'messages that are of another trace'],
  'batches changed places': [
    fileOf(parts.with(10, parts[11]).with(11, parts[10])),
    'a message is missing here',
  ],
  'no opening': [fileOf(parts.slice(1)), 'the opening is missing'],
  'two end markers': [fileOf([...parts, ...parts.slice(-1)]), 'bytes after the end of the trace'],
};
const OUT = join(folder, 'out.arrows');
const COMMANDS: readonly (readonly string[])[] = [
  ['info'],
  ['events'],
  ['sql', '-', 'SELECT count(*) FROM events'],
  ['replay'],
  ['races'],
  ['repair', '-', '-o', OUT],
  ['cut', '-', '-o', OUT],
  ['cat', '-', '-o', OUT],
  ['merge', '-', '-o', OUT],
];

describe.each(Object.entries(FILES))('%s', (name, [bytes, told]) => {
  const file = join(folder, `${name}.arrows`);
  writeFileSync(file, bytes);

  test.each(COMMANDS)('vfr %s tells of it', async (command, _file, ...rest) => {
    const { code, stderr } = await vfrInProcess([command, file, ...rest]);
    expect([0, 1], stderr).toContain(code);
    expect(stderr).toContain('INCOMPLETE');
    expect(stderr).toContain(told);
  });

  test('vfr verify ends with 1, and says where', async () => {
    const { code, stdout } = await vfrInProcess(['verify', file]);
    expect(code).toBe(1);
    expect(stdout).toContain(told);
    expect(stdout).not.toContain('sound');
  });
});

test('vfr verify says how to take another trace out', async () => {
  const { stdout } = await vfrInProcess(['verify', join(folder, 'two traces.arrows')]);
  expect(stdout).toContain(`tail -c +${a.length + 1} `);
  const { stdout: json } = await vfrInProcess([
    ...['verify', join(folder, 'two traces.arrows'), '--json'],
  ]);
  expect(JSON.parse(json).damage[0]).toMatchObject({ otherTraceByte: a.length });
});

test('a trace of version 1 does not become sound by being copied', async () => {
  const file = join(folder, 'v1.arrows');
  writeFileSync(file, testData('golden/v1-sriov.arrows'));
  const { code, stdout, stderr } = await vfrInProcess(['verify', file]);
  expect(code).toBe(0);
  expect(stdout).not.toContain('sound');
  expect(stderr).toContain('format version 1 cannot show more');
  await vfrInProcess(['cat', file, '-o', OUT]);
  const { stdout: info } = await vfrInProcess(['info', OUT]);
  expect(info).toContain('untied');
});

test('the same input gives the same file', async () => {
  const file = join(folder, 'same.arrows');
  writeFileSync(file, a);
  const copy = async () => {
    await vfrInProcess(['cut', file, '--seq', '2..9', '-o', OUT]);
    return readFileSync(OUT);
  };
  expect(await copy()).toEqual(await copy());
});
