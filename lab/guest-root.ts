import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, requireRoot, requireTools, run, say } from './host.js';

export const SUITE = 'bookworm';

/**
 * What the guest has besides Debian's minimal base: busybox for the initramfs, kmod and xz for
 * modules, Python for the VFIO client (ioctl and mmap without a compiler), libstdc++ for Node.
 */
export const PACKAGES = [
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

/** The same for a program that needs /proc, which the root has while the program runs. */
export function inRootWithProc(root: string, ...command: string[]): string {
  const script = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"';
  return run('unshare', ['--mount', 'sh', '-c', script, root, ...command]).stdout;
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

/** Makes the packages of an architecture known to the root's apt, once. */
export function addArchitecture(root: string, debian: string): void {
  const known = ['--print-architecture', '--print-foreign-architectures'].flatMap((option) =>
    inRoot(root, 'dpkg', option).split('\n'),
  );
  if (known.includes(debian)) return;
  inRoot(root, 'dpkg', '--add-architecture', debian);
  inRoot(root, 'apt-get', 'update');
}

/**
 * Installs packages in the root, those that are not there yet.
 * @param suite of which they are; null for the root's own
 */
export function addPackages(
  root: string,
  packages: readonly string[],
  suite: string | null = null,
): void {
  const missing = packages.filter(
    (name) => !existsSync(join(root, `var/lib/dpkg/info/${name}.list`)),
  );
  if (missing.length === 0) return;
  const from = suite === null ? [] : ['-t', suite];
  inRoot(root, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...from, ...missing);
}

/**
 * Builds a minimal Debian in a folder. VFR_LAB_MIRROR names another Debian archive than
 * debootstrap's own choice.
 * @param what is built, in words
 * @param options further options of debootstrap
 * @param complete installs the rest; the folder is there only after all of it succeeded
 */
export function buildRoot(
  root: string,
  {
    what,
    suite,
    packages,
    options = [],
  }: { what: string; suite: string; packages: readonly string[]; options?: readonly string[] },
  complete: (building: string) => void,
): void {
  requireTools(['debootstrap', 'chroot']);
  requireRoot();
  say(`${what}, once`);
  const mirror = process.env.VFR_LAB_MIRROR;
  const include = packages.length === 0 ? [] : [`--include=${packages.join(',')}`];
  const from = mirror === undefined ? [] : [mirror];
  buildFolder(root, (building) => {
    run('debootstrap', ['--variant=minbase', ...options, ...include, suite, building, ...from]);
    copyFileSync('/etc/resolv.conf', join(building, 'etc/resolv.conf'));
    complete(building);
  });
}

/**
 * The root file system of a guest of the host's architecture, built on the first call and kept under
 * the cache folder. What a guest of another architecture needs is prepared by its programs.
 */
export function guestRoot(cache: string): string {
  const root = join(cache, 'root');
  if (existsSync(join(root, 'usr/bin/node'))) return root;
  const what = `building the guest root (Debian ${SUITE})`;
  buildRoot(root, { what, suite: SUITE, packages: PACKAGES }, (building) => {
    inRoot(building, 'apt-get', 'update');
    copyFileSync(process.execPath, join(building, 'usr/bin/node'));
  });
  return root;
}
