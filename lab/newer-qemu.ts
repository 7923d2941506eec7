import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addSuite, buildRoot, inRoot } from './guest-root.js';

const SUITE = 'trixie';
/** QEMU has igb from 8.0 on, VFs of virtio network cards from 10.1 on. */
const BACKPORTS = `${SUITE}-backports`;
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib', 'lib/x86_64-linux-gnu'];

/**
 * The QEMU of a newer Debian release than the host's. It is installed in a folder of its own, and
 * runs on the host by that folder's own loader and libraries: the host stays as it is.
 * @returns the command line that starts it
 */
export function newerQemu(cache: string): readonly string[] {
  const root = join(cache, 'qemu');
  if (!existsSync(root)) install(root);
  return [
    join(root, 'usr/lib64/ld-linux-x86-64.so.2'),
    ...['--library-path', LIBRARIES.map((folder) => join(root, folder)).join(':')],
    join(root, 'usr/bin/qemu-system-x86_64'),
    ...['-L', join(root, 'usr/share/qemu'), '-L', join(root, 'usr/share/seabios')],
  ];
}

function install(root: string): void {
  const what = `installing QEMU of Debian ${BACKPORTS}`;
  buildRoot(root, { what, suite: SUITE, packages: [] }, (building) => {
    addSuite(building, BACKPORTS);
    const options = ['-y', '-qq', '--no-install-recommends', '-t', BACKPORTS];
    inRoot(building, 'apt-get', 'install', ...options, 'qemu-system-x86');
  });
}
