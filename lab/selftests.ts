import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackage, unpackSource } from './debian-package.js';
import { addPackages, inRoot } from './guest-root.js';
import { buildFolder, run, say } from './host.js';
import type { KernelSeries } from './kernel.js';

/** What the build needs besides the sources; the guest has no compiler otherwise. */
const TOOLS = ['gcc', 'libc6-dev', 'libcap-dev', 'make', 'uuid-dev'];

/** Parts of the kernel's tree: the tests, and the headers that they and their links name. */
const PARTS = [
  'tools/testing/selftests/iommu',
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
  'drivers/iommu/iommufd/iommufd_test.h',
];

/** The mode of the programs that have no choice, by the folder that they are left in. */
const DOORS = { iommufd: 'MODE_IOMMUFD', containers: 'MODE_VFIO_TYPE1V2_IOMMU' } as const;

const TREE = '/tmp/selftests';
const INCLUDE = `${TREE}/uapi/usr/include`;

/** Builds the tests of a folder of tools/testing/selftests. @param out folder for the programs */
function make(root: string, tests: string, out: string): void {
  inRoot(
    root,
    ...['make', '-s', '-C', `${TREE}/tools/testing/selftests/${tests}`, '-j2'],
    ...[`top_srcdir=${TREE}`, `OUTPUT=${out}`, 'EXTRA_CFLAGS=-static -Wno-error'],
    `KHDR_INCLUDES=-isystem ${INCLUDE} -isystem ${INCLUDE}/x86_64-linux-gnu`,
  );
}

/**
 * Builds the kernel's own tests of VFIO and of iommufd (tools/testing/selftests/vfio, from Linux 6.18
 * on, and tools/testing/selftests/iommu) out of Debian's source package, and leaves them in the root
 * in /opt/selftests, in a folder for each of {@link DOORS}. They are built in the root, so that the
 * host needs no compiler, and nothing of them is kept in the project.
 */
export function vfioSelftests(root: string, series: KernelSeries): void {
  const target = join(root, 'opt/selftests');
  if (existsSync(target)) return;
  say(`building the kernel's selftests of VFIO and iommufd of ${series}, once`);
  addPackages(root, TOOLS);
  const tree = join(root, TREE);
  unpackSource(root, { series }, tree, PARTS);
  const headers = join(tree, 'uapi');
  run('dpkg-deb', ['-x', fetchPackage(root, 'linux-libc-dev', series), headers]);
  const tests = join(tree, 'tools/testing/selftests');
  const substitute = (script: string, file: string) =>
    run('sed', ['-E', '-i', script, join(tests, file)]);
  // A guest without KVM is slower than what the tests are made for: it takes minutes to map a GiB.
  substitute('s/memcpy_region, SZ_1G/memcpy_region, SZ_64M/', 'vfio/vfio_pci_driver_test.c');
  substitute('s/(TEST_TIMEOUT_DEFAULT) 30/\\1 300/', 'kselftest_harness.h');
  // What they say at the beginning and the end to a kernel that is built for tests.
  const toTestKernel =
    '\\(fd, _IOMMU_TEST_CMD\\(IOMMU_TEST_OP_(SET_TEMP_MEMORY_LIMIT|MD_CHECK_REFS)\\)';
  substitute(`s/ioctl(${toTestKernel})/0 \\&\\& ioctl\\1/`, 'iommu/iommufd_utils.h');
  buildFolder(target, (building) => {
    for (const [door, mode] of Object.entries(DOORS)) {
      substitute(`s/(default_iommu_mode) = .*;/\\1 = ${mode};/`, 'vfio/lib/iommu.c');
      const programs = join(building, door);
      mkdirSync(programs, { recursive: true });
      mkdirSync(join(tree, door));
      make(root, 'vfio', `${TREE}/${door}`);
      for (const file of readdirSync(join(tree, door))) {
        if (file.endsWith('_test')) cpSync(join(tree, door, file), join(programs, file));
      }
    }
    mkdirSync(join(tree, 'iommu'));
    make(root, 'iommu', `${TREE}/iommu`);
    cpSync(join(tree, 'iommu/iommufd'), join(building, 'iommufd/iommufd'));
    cpSync(join(tests, 'vfio/scripts'), join(building, 'scripts'), { recursive: true });
  });
  rmSync(tree, { recursive: true, force: true });
}
