/**
 * Goal: a command that is ended in the middle of its work leaves nothing. Method: an import whose
 * input is a pipe that never ends, ended by each signal; the folder is then looked at.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../tests/scratch.js';
import { PROGRAM } from '../tests/vfr.js';

const HEAD = '# tracer: nop\n#\n';
const LINE = '  a-1 [000] d..1.  1.000001: tracing_mark_write: x\n';

test.each([
  ['one input', 'SIGINT', ['-']],
  ['one input', 'SIGTERM', ['-']],
  ['one input', 'SIGHUP', ['-']],
  ['one input', 'SIGKILL', ['-']],
  ['several inputs', 'SIGINT', ['first.txt', '-']],
  ['several inputs', 'SIGKILL', ['first.txt', '-']],
] as const)('an import of %s that %s ends', async (_, signal, inputs) => {
  const cwd = scratchFolder();
  writeFileSync(join(cwd, 'first.txt'), HEAD + LINE);
  writeFileSync(join(cwd, 'out'), 'before');
  const args = [PROGRAM, 'import', ...inputs, '-o', 'out'];
  const child = spawn(process.execPath, args, { cwd, stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.on('error', () => {});
  // More than a pipe holds: when it has been taken, the import is at work.
  await new Promise<void>((taken) => child.stdin.write(HEAD + LINE.repeat(60_000), () => taken()));
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([null, signal]);
  expect(readdirSync(cwd).toSorted()).toEqual(['first.txt', 'out']);
});
