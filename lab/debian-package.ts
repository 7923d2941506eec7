import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from './guest-root.js';
import { LabError, run } from './host.js';
import type { KernelSeries } from './kernel.js';

/**
 * Fetches a package of a kernel's own version.
 * @param version the beginning of the package's, such as "7.3"
 * @returns the path of the archive, in the root
 */
export function fetchPackage(root: string, name: string, version: string): string {
  const archives = join(root, 'var/cache/apt/archives');
  const isIt = (file: string): boolean => file.startsWith(`${name}_${version}`);
  const find = () => readdirSync(archives).find(isIt);
  if (find() === undefined) {
    const versions = inRoot(root, 'apt-cache', 'madison', name)
      .split('\n')
      .map((line) => line.split('|')[1]?.trim() ?? '');
    const offered = versions.find((text) => text.startsWith(version));
    if (offered === undefined) throw new LabError(`Debian offers no ${name} of ${version}`);
    const download = `cd /var/cache/apt/archives && apt-get download ${name}=${offered}`;
    inRoot(root, 'sh', '-c', download);
  }
  const file = find();
  if (file === undefined) throw new LabError(`apt-get download ${name} left no package`);
  return join(archives, file);
}

/**
 * Unpacks parts of the source that Debian built its kernels of, in place of what the folder holds.
 * @param parts paths in the kernel's tree, with wildcards of tar
 */
export function unpackSource(
  root: string,
  { series, version = series }: { series: KernelSeries; version?: string },
  folder: string,
  parts: readonly string[],
): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const name = `linux-source-${series}`;
  run('dpkg-deb', ['-x', fetchPackage(root, name, version), folder]);
  const wanted = parts.map((part) => `*/${part}`);
  const tarball = join(folder, `usr/src/${name}.tar.xz`);
  run('tar', ['-xJf', tarball, '-C', folder, '--strip-components=1', '--wildcards', ...wanted]);
  rmSync(join(folder, 'usr'), { recursive: true });
}
