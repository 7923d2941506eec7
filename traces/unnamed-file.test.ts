/**
 * Goal: an output can be written where the file system has no files without names, as NFS, FUSE and
 * FAT. Method: a kernel that answers as theirs do.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { scratchFolder } from '../tests/scratch.js';
import { openSink } from './index.js';

const O_TMPFILE = 0o20000000;
const answer = vi.hoisted(() => ({ code: '' }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const openSync: typeof fs.openSync = (path, flags, mode) => {
    if (typeof flags === 'number' && (flags & O_TMPFILE) !== 0) {
      throw Object.assign(new Error(answer.code), { code: answer.code });
    }
    return fs.openSync(path, flags, mode);
  };
  return { ...fs, openSync };
});

test.each([
  'ENOTSUP',
  'EISDIR',
  'EINVAL',
])('a file is written under another name where O_TMPFILE is %s', (code) => {
  answer.code = code;
  const folder = scratchFolder();
  const file = join(folder, 'trace');
  writeFileSync(file, 'before');
  const sink = openSink({ file, inputs: [] });
  sink.write(Buffer.from('after'));
  expect(readFileSync(file, 'utf8')).toBe('before');
  sink.commit();
  expect(readFileSync(file, 'utf8')).toBe('after');
  expect(readdirSync(folder)).toEqual(['trace']);
});
