import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { GuestPlace } from './guest-place.js';
import { inRoot } from './guest-root.js';
import type { Kernel } from './kernel.js';

/** What must be loaded before the root file system, shared over 9p, can be mounted. */
const BOOT_MODULES = ['virtio_pci', '9p', '9pnet_virtio', 'overlay'];

function moduleFiles(root: string, release: string): string[] {
  const files = BOOT_MODULES.flatMap((name) =>
    inRoot(root, 'modprobe', '-S', release, '--show-depends', name)
      .split('\n')
      .filter((line) => line.startsWith('insmod '))
      .map((line) => line.split(' ')[1]!),
  );
  return [...new Set(files)];
}

/**
 * The initramfs of a kernel: busybox, the modules for 9p, and lab/guest/init. It is cached per
 * kernel release and made again when missing; cpio and xz run in a root, the host needs neither.
 */
export function initramfs(place: GuestPlace, kernel: Kernel, init: string): string {
  const { cache, tools } = place;
  const image = join(cache, `initramfs-${kernel.release}.gz`);
  if (existsSync(image)) return image;
  const tree = join(tools, 'tmp/initramfs');
  rmSync(tree, { recursive: true, force: true });
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'modules', 'lower', 'upper', 'root']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  copyFileSync(join(place.root, 'bin/busybox'), join(tree, 'bin/busybox'));
  copyFileSync(init, join(tree, 'init'));
  const order = moduleFiles(tools, kernel.release).map((file) => {
    const plain = basename(file).replace(/\.xz$/, '');
    const show = file.endsWith('.xz') ? 'xz -dc' : 'cat';
    inRoot(tools, 'sh', '-c', `${show} '${file}' > /tmp/initramfs/modules/${plain}`);
    return plain;
  });
  writeFileSync(join(tree, 'modules/order'), `${order.join('\n')}\n`);
  const pack = 'chmod 755 init && find . | cpio -o -H newc --quiet | gzip -1 > ../initramfs.gz';
  inRoot(tools, 'sh', '-c', `cd /tmp/initramfs && ${pack}`);
  copyFileSync(join(tools, 'tmp/initramfs.gz'), image);
  return image;
}
