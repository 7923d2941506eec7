import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireRoot, requireTools, run, say } from './host.js';

const SUITE = 'bookworm';

/**
 * What the guest has besides Debian's minimal base: busybox for the initramfs, kmod and xz for
 * modules, Python for the VFIO client (ioctl and mmap without a compiler), libstdc++ for Node.
 */
const PACKAGES = [
  'busybox-static',
  'cpio',
  'iproute2',
  'kmod',
  'libstdc++6',
  'pciutils',
  'procps',
  'python3',
  'xz-utils',
];

/** Runs a program inside the guest's root file system. */
export function inRoot(root: string, ...command: string[]): string {
  return run('chroot', [root, ...command]).stdout;
}

/** The URL from which debootstrap took the root: the same archive has the kernels. */
function archiveOf(root: string): string {
  const sources = readFileSync(join(root, 'etc/apt/sources.list'), 'utf8');
  const line = sources.split('\n').find((text) => text.startsWith('deb '));
  return line?.split(' ')[1] ?? 'http://deb.debian.org/debian';
}

/** Makes a further suite of the archive known to the root's apt, once. */
export function addSuite(root: string, suite: string): void {
  const list = join(root, `etc/apt/sources.list.d/${suite}.list`);
  if (suite === SUITE || existsSync(list)) return;
  writeFileSync(list, `deb ${archiveOf(root)} ${suite} main\n`);
  inRoot(root, 'apt-get', 'update');
}

/** Installs packages in the root, those that are not there yet. */
export function addPackages(root: string, packages: readonly string[]): void {
  const missing = packages.filter(
    (name) => !existsSync(join(root, `var/lib/dpkg/info/${name}.list`)),
  );
  if (missing.length === 0) return;
  inRoot(root, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing);
}

/**
 * The guest's root file system, built on the first call and kept under the cache folder.
 * VFR_LAB_MIRROR names another Debian archive than debootstrap's own choice.
 */
export function guestRoot(cache: string): string {
  const root = join(cache, 'root');
  if (existsSync(join(root, 'usr/bin/node'))) return root;
  requireTools(['debootstrap', 'chroot']);
  requireRoot();
  const building = join(cache, 'root.building');
  rmSync(building, { recursive: true, force: true });
  say(`building the guest root (Debian ${SUITE}), once`);
  const mirror = process.env.VFR_LAB_MIRROR;
  const include = `--include=${PACKAGES.join(',')}`;
  const from = mirror === undefined ? [] : [mirror];
  run('debootstrap', ['--variant=minbase', include, SUITE, building, ...from]);
  copyFileSync('/etc/resolv.conf', join(building, 'etc/resolv.conf'));
  inRoot(building, 'apt-get', 'update');
  copyFileSync(process.execPath, join(building, 'usr/bin/node'));
  renameSync(building, root);
  return root;
}
