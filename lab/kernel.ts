import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestPlace } from './guest-place.js';
import { addArchitecture, addSuite, inRoot } from './guest-root.js';
import { buildFolder, LabError, requireRoot, requireTools, run, say } from './host.js';

/** Where Debian has a series, and which packages hold its kernel. */
interface Source {
  readonly suite: string;
  /** Versions of its image packages, as their names have them; the newest is taken. */
  readonly version: RegExp;
  /** Packages that hold the files, by the name of the image package. */
  readonly files: (image: string) => readonly string[];
}

const itself = (image: string): readonly string[] => [image];

/** The kernels the lab knows: Debian 12's own, and those of backports. */
const SOURCES = {
  '6.1': { suite: 'bookworm', version: /^6\.1\.0-\d+$/, files: itself },
  '6.12': { suite: 'bookworm-backports', version: /^6\.12\.[^-]*$/, files: itself },
  '7.3': {
    suite: 'trixie-backports',
    version: /^7\.3\.[^-]*$/,
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
function packageOf({ tools, architecture }: GuestPlace, series: KernelSeries): string {
  const { suite, version } = SOURCES[series];
  const [start, end] = ['linux-image-', `-${architecture.debian}`];
  const names = inRoot(tools, 'apt-cache', 'pkgnames', `${start}${series}.`)
    .split('\n')
    .filter((name) => name.endsWith(end) && version.test(name.slice(start.length, -end.length)));
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

function unpack(place: GuestPlace, series: KernelSeries, folder: string): void {
  requireTools(['chroot', 'dpkg-deb']);
  requireRoot();
  const { tools } = place;
  const { debian } = place.architecture;
  addArchitecture(tools, debian);
  addSuite(tools, SOURCES[series].suite);
  const name = packageOf(place, series);
  say(`fetching ${name}, once`);
  const archives = join(tools, 'var/cache/apt/archives');
  buildFolder(folder, (building) => {
    for (const part of SOURCES[series].files(name)) {
      inRoot(tools, 'sh', '-c', `cd /var/cache/apt/archives && apt-get download ${part}:${debian}`);
      const file = readdirSync(archives).find((entry) => entry.startsWith(`${part}_`));
      if (file === undefined) throw new LabError(`apt-get download ${part} left no package`);
      run('dpkg-deb', ['-x', join(archives, file), building]);
      rmSync(join(archives, file));
    }
  });
}

/** The kernel of a series and its modules, fetched from Debian on the first call. */
export function guestKernel(place: GuestPlace, series: KernelSeries): Kernel {
  const { cache, root, tools } = place;
  const folder = join(cache, `kernel-${series}`);
  if (imageIn(folder) === undefined) unpack(place, series, folder);
  const found = imageIn(folder);
  if (found === undefined) throw new LabError(`${folder} has no vmlinuz: remove the folder`);
  const { release, image } = found;
  const modules = join('usr/lib/modules', release);
  const prepared = join(tools, modules);
  if (!existsSync(join(prepared, 'modules.dep'))) {
    const lib = existsSync(join(folder, 'lib')) ? 'lib' : 'usr/lib';
    cpSync(join(folder, lib, 'modules', release), prepared, { recursive: true });
    inRoot(tools, 'depmod', release);
  }
  const own = join(root, modules);
  if (!existsSync(join(own, 'modules.dep'))) cpSync(prepared, own, { recursive: true });
  return { release, image };
}
