import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from './guest-root.js';
import { LabError, requireRoot, requireTools, run, say } from './host.js';

/** The kernels the lab knows: Debian stable's own, and the one from its backports. */
export const KERNELS = ['6.1', '6.12'] as const;
export type KernelSeries = (typeof KERNELS)[number];

export interface Kernel {
  /** As `uname -r` says. */
  readonly release: string;
  readonly image: string;
}

/** The newest package of a series that the archive has; the meta package names it. */
function packageOf(root: string, series: KernelSeries): string {
  const wanted = series === '6.1' ? /^linux-image-6\.1\.0-\d+-amd64$/ : /^linux-image-6\.12\..*$/;
  const names = inRoot(root, 'apt-cache', 'pkgnames', `linux-image-${series}.`)
    .split('\n')
    .filter((name) => wanted.test(name) && name.endsWith('-amd64'))
    .filter((name) => !/-(cloud|rt)-/.test(name));
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) {
    throw new LabError(`the Debian archive offers no kernel of the series ${series}`);
  }
  return newest;
}

function releaseIn(folder: string): string | undefined {
  if (!existsSync(join(folder, 'boot'))) return undefined;
  const image = readdirSync(join(folder, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  return image?.slice('vmlinuz-'.length);
}

function unpack(root: string, series: KernelSeries, folder: string): void {
  requireTools(['chroot', 'dpkg-deb']);
  requireRoot();
  const name = packageOf(root, series);
  say(`fetching ${name}, once`);
  const building = `${folder}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  inRoot(root, 'sh', '-c', `cd /var/cache/apt/archives && apt-get download ${name}`);
  const archives = join(root, 'var/cache/apt/archives');
  const file = readdirSync(archives).find((entry) => entry.startsWith(`${name}_`));
  if (file === undefined) throw new LabError(`apt-get download ${name} left no package`);
  run('dpkg-deb', ['-x', join(archives, file), building]);
  rmSync(join(archives, file));
  renameSync(building, folder);
}

/** The kernel of a series and its modules, fetched from Debian on the first call. */
export function guestKernel(cache: string, root: string, series: KernelSeries): Kernel {
  const folder = join(cache, `kernel-${series}`);
  if (releaseIn(folder) === undefined) unpack(root, series, folder);
  const release = releaseIn(folder);
  if (release === undefined) throw new LabError(`${folder} has no vmlinuz: remove the folder`);
  const modules = join(root, 'usr/lib/modules', release);
  if (!existsSync(join(modules, 'modules.dep'))) {
    cpSync(join(folder, 'lib/modules', release), modules, { recursive: true });
    inRoot(root, 'depmod', release);
  }
  return { release, image: join(folder, 'boot', `vmlinuz-${release}`) };
}
