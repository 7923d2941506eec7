import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addPackages, inRoot } from './guest-root.js';
import { LabError, run, say } from './host.js';
import type { KernelSeries } from './kernel.js';

/** What the build needs besides the sources; the guest has no compiler otherwise. */
const TOOLS = ['gcc', 'libc6-dev', 'make', 'uuid-dev'];

/** Parts of the kernel's tree: the tests, and the headers that they and their links name. */
const PARTS = [
  'tools/testing/selftests/vfio',
  'tools/testing/selftests/*.h',
  'tools/testing/selftests/lib.mk',
  'tools/include',
  'tools/arch/x86/include',
  'tools/scripts',
  'tools/build',
  'scripts/subarch.include',
  'include/linux/pci_ids.h',
  'drivers/dma/ioat/*.h',
  'drivers/dma/idxd/registers.h',
  'drivers/net/ethernet/intel/igb/*.h',
];

/** Fetches a package of the kernel's own suite. @returns the path of the archive, in the root */
function fetchPackage(root: string, name: string, series: KernelSeries): string {
  const archives = join(root, 'var/cache/apt/archives');
  const isIt = (file: string): boolean => file.startsWith(`${name}_${series}`);
  const find = () => readdirSync(archives).find(isIt);
  if (find() === undefined) {
    const versions = inRoot(root, 'apt-cache', 'madison', name)
      .split('\n')
      .map((line) => line.split('|')[1]?.trim() ?? '');
    const version = versions.find((text) => text.startsWith(series));
    if (version === undefined) throw new LabError(`Debian offers no ${name} of ${series}`);
    const download = `cd /var/cache/apt/archives && apt-get download ${name}=${version}`;
    inRoot(root, 'sh', '-c', download);
  }
  const file = find();
  if (file === undefined) throw new LabError(`apt-get download ${name} left no package`);
  return join(archives, file);
}

/**
 * Builds the kernel's own tests of VFIO (tools/testing/selftests/vfio, from Linux 6.18 on) out of
 * Debian's source package, and leaves them in the root as /opt/vfio-selftests. They are built in the
 * root, so that the host needs no compiler, and nothing of them is kept in the project.
 */
export function vfioSelftests(root: string, series: KernelSeries): void {
  const target = join(root, 'opt/vfio-selftests');
  if (existsSync(target)) return;
  say(`building the kernel's VFIO selftests of ${series}, once`);
  addPackages(root, TOOLS);
  const tree = join(root, 'tmp/selftests');
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, 'out'), { recursive: true });
  const source = fetchPackage(root, `linux-source-${series}`, series);
  run('dpkg-deb', ['-x', source, tree]);
  const tarball = join(tree, `usr/src/linux-source-${series}.tar.xz`);
  const wanted = PARTS.map((part) => `*/${part}`);
  run('tar', ['-xJf', tarball, '-C', tree, '--strip-components=1', '--wildcards', ...wanted]);
  // Unpacked under its own name: the tree has a folder of the same name as the package's.
  const headers = join(tree, 'uapi');
  run('dpkg-deb', ['-x', fetchPackage(root, 'linux-libc-dev', series), headers]);
  // Debian's kernels are built without iommufd, which is what some programs take for granted.
  const usesContainers = 's/= MODE_IOMMUFD;/= MODE_VFIO_TYPE1V2_IOMMU;/';
  run('sed', ['-i', usesContainers, join(tree, 'tools/testing/selftests/vfio/lib/iommu.c')]);
  // A guest without KVM is slower than what the tests are made for: it takes minutes to map a GiB.
  const smallRegion = 's/memcpy_region, SZ_1G/memcpy_region, SZ_64M/';
  run('sed', [
    '-i',
    smallRegion,
    join(tree, 'tools/testing/selftests/vfio/vfio_pci_driver_test.c'),
  ]);
  const waitsLonger = 's/(TEST_TIMEOUT_DEFAULT) 30/\\1 300/';
  const harness = join(tree, 'tools/testing/selftests/kselftest_harness.h');
  run('sed', ['-E', '-i', waitsLonger, harness]);
  const include = '/tmp/selftests/uapi/usr/include';
  inRoot(
    root,
    ...['make', '-s', '-C', '/tmp/selftests/tools/testing/selftests/vfio', '-j2'],
    ...['top_srcdir=/tmp/selftests', 'OUTPUT=/tmp/selftests/out'],
    `KHDR_INCLUDES=-isystem ${include} -isystem ${include}/x86_64-linux-gnu`,
    'EXTRA_CFLAGS=-static -Wno-error',
  );
  const building = `${target}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  for (const file of readdirSync(join(tree, 'out'))) {
    if (file.endsWith('_test')) cpSync(join(tree, 'out', file), join(building, file));
  }
  cpSync(join(tree, 'tools/testing/selftests/vfio/scripts'), join(building, 'scripts'), {
    recursive: true,
  });
  renameSync(building, target);
  rmSync(tree, { recursive: true, force: true });
}
