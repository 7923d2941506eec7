import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addSuite, buildRoot } from './guest-root.js';

const SUITE = 'trixie';
/** Where the newest kernels and QEMU are. */
export const NEWER_BACKPORTS = `${SUITE}-backports`;

/**
 * The root of a newer Debian release than the guest's, for programs that the guest's release does not
 * have. It is built on the first call and kept under the cache folder.
 */
export function newerRoot(cache: string): string {
  const root = join(cache, SUITE);
  if (existsSync(root)) return root;
  const what = `building a root of Debian ${SUITE}`;
  buildRoot(root, { what, suite: SUITE, packages: [] }, (building) =>
    addSuite(building, NEWER_BACKPORTS),
  );
  return root;
}
