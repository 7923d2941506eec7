/**
 * Files without a name until they are complete. If a signal or a crash ends the program first, the
 * kernel removes them.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { processStart } from './base/process-start.js';
import { isInput } from './destination.js';

/** `O_TMPFILE` (include/uapi/asm-generic/fcntl.h), which Node does not define. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const PRIVATE = 0o600;

/** Opens a file without a name, on the file system of a folder, for reading and writing. */
export function openUnnamed(folder: string): number {
  try {
    return openSync(folder, constants.O_RDWR | O_TMPFILE, PRIVATE);
  } catch (error) {
    // File systems that do not support such files (NFS, FUSE, FAT) return one of these errors. Node
    // calls EOPNOTSUPP ENOTSUP.
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTSUP', 'EISDIR', 'EINVAL', 'ENOSYS'].includes(code)) throw error;
  }
  const name = join(folder, `.${workName()}`);
  const fd = openSync(name, 'wx+', PRIVATE);
  rmSync(name);
  return fd;
}

/** A path by which this process can open the file again. */
export const pathOf = (fd: number): string => `/proc/self/fd/${fd}`;

/** Gives a complete file a name, and replaces the file that had it in one step. */
export function giveName(fd: number, file: string): void {
  const name = `${file}${workName()}`;
  rmSync(name, { force: true });
  try {
    if (!link(fd, name)) copy(fd, name);
    renameSync(name, file);
  } catch (error) {
    rmSync(name, { force: true });
    throw error;
  }
}

/** linkat(2) with AT_SYMLINK_FOLLOW, which Node lacks and ln(1) offers. */
function link(fd: number, name: string): boolean {
  const stdio = ['ignore', 'ignore', 'ignore', fd] as const;
  const { status } = spawnSync('ln', ['-L', '--', pathOf(3), name], { stdio: [...stdio] });
  return status === 0;
}

function copy(fd: number, name: string): void {
  const { mode } = fstatSync(fd);
  copyFileSync(pathOf(fd), name, constants.COPYFILE_EXCL);
  chmodSync(name, mode);
  const written = openSync(name, 'r+');
  try {
    fsyncSync(written);
  } finally {
    closeSync(written);
  }
}

const MARK = '.vfr-tmp';
/** The start time distinguishes the process from a later one with the same pid. */
const workName = (): string => `${MARK}-${process.pid}-${processStart('self')}`;
const OWNED = /^\.vfr-tmp-(\d+)-(\d+)$/;

/** Removes the files of killed commands that were about to write the same output. */
export function removeStale(file: string, inputs: readonly string[]): void {
  const folder = dirname(file);
  const name = basename(file);
  for (const entry of readdirSync(folder)) {
    if (!entry.startsWith(`${name}${MARK}`) || !isStale(entry.slice(name.length))) continue;
    const path = join(folder, entry);
    if (!isInput(path, inputs)) rmSync(path, { force: true });
  }
}

function isStale(suffix: string): boolean {
  if (suffix === MARK) return true;
  const [, pid, start] = OWNED.exec(suffix) ?? [];
  return pid !== undefined && processStart(Number(pid)) !== start;
}
