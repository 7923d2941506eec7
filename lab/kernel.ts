import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addSuite, inRoot } from './guest-root.js';
import { LabError, requireRoot, requireTools, run, say } from './host.js';

/** Where Debian has a series, and which packages hold its kernel. */
interface Source {
  readonly suite: string;
  /** Names of the image packages; the newest is taken. */
  readonly image: RegExp;
  /** Packages that hold the files, by the name of the image package. */
  readonly files: (image: string) => readonly string[];
}

const itself = (image: string): readonly string[] => [image];

/** The kernels the lab knows: Debian 12's own, and those of backports. */
const SOURCES = {
  '6.1': { suite: 'bookworm', image: /^linux-image-6\.1\.0-\d+-amd64$/, files: itself },
  '6.12': { suite: 'bookworm-backports', image: /^linux-image-6\.12\..*-amd64$/, files: itself },
  '7.3': {
    suite: 'trixie-backports',
    image: /^linux-image-7\.3\..*-amd64$/,
    // The image package of these kernels is empty and depends on the others; `base` has the list
    // of what is built in, without which modprobe does not find it.
    files: (image) => ['base', 'binary', 'modules'].map((part) => image.replace('image', part)),
  },
} as const satisfies Record<string, Source>;
export type KernelSeries = keyof typeof SOURCES;
export const KERNELS = Object.keys(SOURCES) as readonly KernelSeries[];

export interface Kernel {
  /** As `uname -r` says. */
  readonly release: string;
  readonly image: string;
}

/** The newest image package of a series that the archive has. */
function packageOf(root: string, series: KernelSeries): string {
  const { image, suite } = SOURCES[series];
  const names = inRoot(root, 'apt-cache', 'pkgnames', `linux-image-${series}.`)
    .split('\n')
    .filter((name) => image.test(name) && !/-(cloud|rt)-/.test(name));
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) {
    throw new LabError(`Debian's ${suite} offers no kernel of the series ${series}`);
  }
  return newest;
}

/** A kernel's package has its image in /boot, or beside the modules. */
function imageIn(folder: string): { release: string; image: string } | undefined {
  const boot = join(folder, 'boot');
  const file = existsSync(boot) && readdirSync(boot).find((name) => name.startsWith('vmlinuz-'));
  if (file) return { release: file.slice('vmlinuz-'.length), image: join(boot, file) };
  const modules = join(folder, 'usr/lib/modules');
  const [release] = existsSync(modules) ? readdirSync(modules) : [];
  if (release === undefined) return undefined;
  const image = join(modules, release, 'vmlinuz');
  return existsSync(image) ? { release, image } : undefined;
}

function unpack(root: string, series: KernelSeries, folder: string): void {
  requireTools(['chroot', 'dpkg-deb']);
  requireRoot();
  addSuite(root, SOURCES[series].suite);
  const name = packageOf(root, series);
  say(`fetching ${name}, once`);
  const building = `${folder}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const archives = join(root, 'var/cache/apt/archives');
  for (const part of SOURCES[series].files(name)) {
    inRoot(root, 'sh', '-c', `cd /var/cache/apt/archives && apt-get download ${part}`);
    const file = readdirSync(archives).find((entry) => entry.startsWith(`${part}_`));
    if (file === undefined) throw new LabError(`apt-get download ${part} left no package`);
    run('dpkg-deb', ['-x', join(archives, file), building]);
    rmSync(join(archives, file));
  }
  renameSync(building, folder);
}

/** The kernel of a series and its modules, fetched from Debian on the first call. */
export function guestKernel(cache: string, root: string, series: KernelSeries): Kernel {
  const folder = join(cache, `kernel-${series}`);
  if (imageIn(folder) === undefined) unpack(root, series, folder);
  const found = imageIn(folder);
  if (found === undefined) throw new LabError(`${folder} has no vmlinuz: remove the folder`);
  const { release, image } = found;
  const modules = join(root, 'usr/lib/modules', release);
  if (!existsSync(join(modules, 'modules.dep'))) {
    const lib = existsSync(join(folder, 'lib')) ? 'lib' : 'usr/lib';
    cpSync(join(folder, lib, 'modules', release), modules, { recursive: true });
    inRoot(root, 'depmod', release);
  }
  return { release, image };
}
