import { join } from 'node:path';
import { addPackages } from './guest-root.js';
import { NEWER_BACKPORTS, newerRoot } from './newer-root.js';

const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib', 'lib/x86_64-linux-gnu'];

/**
 * The QEMU of a newer Debian release than the host's. It is installed in a folder of its own, and
 * runs on the host by that folder's own loader and libraries: the host stays as it is. QEMU has igb
 * from 8.0 on, VFs of virtio network cards from 10.1 on.
 * @returns the command line that starts it
 */
export function newerQemu(cache: string): readonly string[] {
  const root = newerRoot(cache);
  addPackages(root, ['qemu-system-x86'], NEWER_BACKPORTS);
  return [
    join(root, 'usr/lib64/ld-linux-x86-64.so.2'),
    ...['--library-path', LIBRARIES.map((folder) => join(root, folder)).join(':')],
    join(root, 'usr/bin/qemu-system-x86_64'),
    ...['-L', join(root, 'usr/share/qemu'), '-L', join(root, 'usr/share/seabios')],
  ];
}
