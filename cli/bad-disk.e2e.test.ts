/**
 * Goal: a part of a trace that the disk does not give is a damaged range for every command. Method:
 * the program in this process, on a file system of which one page fails as a bad sector does.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { scratchFolder } from '../tests/scratch.js';
import { makeTrace } from '../tests/sweeps/corpus.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';

const bad = vi.hoisted(() => ({ from: 0, to: 0, size: 0 }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const readSync = (fd: number, into: Buffer, from: number, length: number, at: number) => {
    const hits = typeof at === 'number' && at < bad.to && at + length > bad.from;
    if (hits && fs.fstatSync(fd).size === bad.size) {
      throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'read', errno: -5 });
    }
    return fs.readSync(fd, into, from, length, at);
  };
  return { ...fs, readSync };
});

test('a bad sector is damage to info, verify, events, repair and sql', async () => {
  const file = join(scratchFolder(), 't.arrows');
  const trace = makeTrace({ seed: 5, events: 20_000, batchRows: 2_000 });
  writeFileSync(file, trace);
  Object.assign(bad, { from: 20_480, to: 24_576, size: trace.length });
  for (const [command, code] of [
    [['info', file], 0],
    [['verify', file], 1],
    [['events', file, '--limit', '1'], 0],
    [['repair', file, '-o', `${file}.saved`], 0],
    [['sql', file, 'SELECT count(*) FROM events'], 0],
  ] as const) {
    const outcome = await vfrInProcess(command);
    expect(outcome.code, outcome.stderr).toBe(code);
    expect(outcome.stderr).toContain('INCOMPLETE');
    expect(outcome.stderr).toContain('cannot be read (reading failed with EIO)');
  }
});
