/**
 * The folder that `perf record --threads` writes: `data` has the header, and `data.0`, `data.1` and
 * so on have records (kernel tools/perf/Documentation/perf.data-directory-format.txt).
 */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ByteSource, openSource } from '../../../traces/index.js';
import { MAGIC, MAGIC_SWAPPED } from './perf-constants.js';

const MAIN = 'data';

/** @returns the file with the header when `path` is such a folder, else `path` */
export function mainFileOf(path: string): string {
  if (path === '-' || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  const main = join(path, MAIN);
  return isPerfFile(main) ? main : path;
}

function isPerfFile(file: string): boolean {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return false;
  const head = Buffer.alloc(MAGIC.byteLength);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, head.byteLength, 0);
  } finally {
    closeSync(fd);
  }
  return head.equals(MAGIC) || head.equals(MAGIC_SWAPPED);
}

/** The files beside `data` that have its records, in their order. */
export function openOthers(main: string): ByteSource[] {
  if (basename(main) !== MAIN) return [];
  const found: ByteSource[] = [];
  while (existsSync(`${main}.${found.length}`)) found.push(openSource(`${main}.${found.length}`));
  return found;
}
