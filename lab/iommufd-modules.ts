import { appendFileSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unpackSource } from './debian-package.js';
import { addPackages, inRootWithProc } from './guest-root.js';
import { buildFolder, run, say } from './host.js';
import type { Kernel, KernelSeries } from './kernel.js';
import { addHeaders } from './modules.js';
import { newerRoot } from './newer-root.js';

/**
 * The compiler that Debian builds its newest kernels with, and pahole, which gives modules the types
 * (BTF) in which the recorder finds members.
 */
const TOOLS = ['gcc-14', 'make', 'dwarves'];

const PARTS = ['drivers/iommu/*.h', 'drivers/iommu/iommufd', 'drivers/vfio', 'lib/interval_tree.c'];

/**
 * What Debian's configuration of the kernel lacks, as the kernel's makefiles and sources see it. The
 * parts of iommufd that a kernel has built in, for drivers of IOMMUs, are parts of the module here.
 */
const FOR_MAKE = ['CONFIG_IOMMUFD=m', 'CONFIG_VFIO_DEVICE_CDEV=y'];
const FOR_SOURCES = [
  'CONFIG_IOMMUFD_MODULE',
  'CONFIG_IOMMUFD_DRIVER',
  'CONFIG_IOMMUFD_DRIVER_CORE',
  'CONFIG_INTERVAL_TREE_SPAN_ITER',
  'CONFIG_VFIO_DEVICE_CDEV',
];
const BUILT_IN_PARTS = 'iommufd-y += driver.o iova_bitmap.o interval_tree.o\n';

/** The modules, each after those that it needs. */
const MODULES = [
  'drivers/iommu/iommufd/iommufd.ko',
  'drivers/vfio/vfio.ko',
  'drivers/vfio/vfio_iommu_type1.ko',
  'drivers/vfio/pci/vfio-pci-core.ko',
  'drivers/vfio/pci/vfio-pci.ko',
];

/**
 * Builds iommufd, and VFIO with iommufd and the character devices, out of Debian's source of a
 * kernel, whose own modules have neither. They are left in the guest's root, in
 * /opt/iommufd-modules/RELEASE, with the order in which they are to be loaded instead of Debian's
 * (guest/load-iommufd.sh). Nothing of them is kept in the project.
 */
export function iommufdModules(
  { cache, root, kernel }: { cache: string; root: string; kernel: Kernel },
  series: KernelSeries,
): void {
  const target = join(root, 'opt/iommufd-modules', kernel.release);
  if (existsSync(target)) return;
  say(`building iommufd and VFIO's modules for ${kernel.release}, once`);
  const builder = newerRoot(cache);
  addPackages(builder, TOOLS);
  const headers = addHeaders(builder, kernel.release);
  const tree = join(builder, 'tmp/iommufd');
  const version = kernel.release.replace(/\+.*/, '');
  unpackSource(root, { series, version }, tree, PARTS);
  const iommufd = join(tree, 'drivers/iommu/iommufd');
  // A copy of the kernel's own for the module alone: Debian's kernel lacks a part of it.
  const copy = readFileSync(join(tree, 'lib/interval_tree.c'), 'utf8');
  writeFileSync(join(iommufd, 'interval_tree.c'), copy.replace(/^EXPORT_SYMBOL.*$/gm, ''));
  appendFileSync(join(iommufd, 'Makefile'), BUILT_IN_PARTS);
  writeFileSync(join(tree, 'Kbuild'), 'obj-m += drivers/iommu/iommufd/ drivers/vfio/\n');
  const defines = FOR_SOURCES.map((name) => `-D${name}=1`).join(' ');
  const options = ['M=/tmp/iommufd', ...FOR_MAKE, `KCFLAGS=${defines}`];
  // objtool reads its limits in /proc.
  inRootWithProc(builder, 'make', '-s', '-j2', '-C', headers, ...options, 'modules');
  buildFolder(target, (building) => {
    for (const path of MODULES) cpSync(join(tree, path), join(building, basename(path)));
    writeFileSync(join(building, 'order'), MODULES.map((path) => `${basename(path)}\n`).join(''));
  });
  run('rm', ['-rf', tree]);
}
