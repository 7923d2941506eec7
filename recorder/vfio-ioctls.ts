/**
 * Names of the VFIO and iommufd ioctls by number. VFIO uses one number for different calls on
 * different kinds of file, so the kind of file is needed as well (uapi `linux/vfio.h` and
 * `linux/iommufd.h`: type ';', base 100 and 0x80, no direction and no size in the number).
 */

/** What an ioctl was made on: the migration data file has calls of its own. */
export type VfioFile = 'container' | 'group' | 'device' | 'iommufd' | 'migration';

const VFIO_BASE = 0x3b64;
const IOMMUFD_BASE = 0x3b80;

const CONTAINER: Readonly<Record<number, string>> = {
  0: 'VFIO_GET_API_VERSION',
  1: 'VFIO_CHECK_EXTENSION',
  2: 'VFIO_SET_IOMMU',
  12: 'VFIO_IOMMU_GET_INFO',
  13: 'VFIO_IOMMU_MAP_DMA',
  14: 'VFIO_IOMMU_UNMAP_DMA',
  15: 'VFIO_IOMMU_ENABLE',
  16: 'VFIO_IOMMU_DISABLE',
  17: 'VFIO_IOMMU_DIRTY_PAGES',
  21: 'VFIO_EEH_PE_OP',
};

/** What a container of POWER has on numbers that one of type 1 uses otherwise, or not at all. */
const SPAPR: Readonly<Record<number, string>> = {
  12: 'VFIO_IOMMU_SPAPR_TCE_GET_INFO',
  17: 'VFIO_IOMMU_SPAPR_REGISTER_MEMORY',
  18: 'VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY',
  19: 'VFIO_IOMMU_SPAPR_TCE_CREATE',
  20: 'VFIO_IOMMU_SPAPR_TCE_REMOVE',
};

const GROUP: Readonly<Record<number, string>> = {
  3: 'VFIO_GROUP_GET_STATUS',
  4: 'VFIO_GROUP_SET_CONTAINER',
  5: 'VFIO_GROUP_UNSET_CONTAINER',
  6: 'VFIO_GROUP_GET_DEVICE_FD',
};

const DEVICE: Readonly<Record<number, string>> = {
  7: 'VFIO_DEVICE_GET_INFO',
  8: 'VFIO_DEVICE_GET_REGION_INFO',
  9: 'VFIO_DEVICE_GET_IRQ_INFO',
  10: 'VFIO_DEVICE_SET_IRQS',
  11: 'VFIO_DEVICE_RESET',
  12: 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO',
  13: 'VFIO_DEVICE_PCI_HOT_RESET',
  14: 'VFIO_DEVICE_QUERY_GFX_PLANE',
  15: 'VFIO_DEVICE_GET_GFX_DMABUF',
  16: 'VFIO_DEVICE_IOEVENTFD',
  17: 'VFIO_DEVICE_FEATURE',
  18: 'VFIO_DEVICE_BIND_IOMMUFD',
  19: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  20: 'VFIO_DEVICE_DETACH_IOMMUFD_PT',
};

const MIGRATION: Readonly<Record<number, string>> = { 21: 'VFIO_MIG_GET_PRECOPY_INFO' };

const IOMMUFD: readonly string[] = [
  'IOMMU_DESTROY',
  'IOMMU_IOAS_ALLOC',
  'IOMMU_IOAS_ALLOW_IOVAS',
  'IOMMU_IOAS_COPY',
  'IOMMU_IOAS_IOVA_RANGES',
  'IOMMU_IOAS_MAP',
  'IOMMU_IOAS_UNMAP',
  'IOMMU_OPTION',
  'IOMMU_VFIO_IOAS',
  'IOMMU_HWPT_ALLOC',
  'IOMMU_GET_HW_INFO',
  'IOMMU_HWPT_SET_DIRTY_TRACKING',
  'IOMMU_HWPT_GET_DIRTY_BITMAP',
  'IOMMU_HWPT_INVALIDATE',
  'IOMMU_FAULT_QUEUE_ALLOC',
  'IOMMU_IOAS_MAP_FILE',
  'IOMMU_VIOMMU_ALLOC',
  'IOMMU_VDEVICE_ALLOC',
  'IOMMU_IOAS_CHANGE_PROCESS',
  'IOMMU_VEVENTQ_ALLOC',
  'IOMMU_HW_QUEUE_ALLOC',
  'IOMMU_IOAS_NOIOMMU_GET_PA',
];

const BY_FILE: Readonly<Record<VfioFile, Readonly<Record<number, string>>>> = {
  container: { ...SPAPR, ...CONTAINER },
  group: GROUP,
  device: DEVICE,
  migration: MIGRATION,
  // An iommufd also accepts the calls of a container, for programs written for one.
  iommufd: CONTAINER,
};

/** The tables by number, in the order of names when the file is not known. */
const TABLES: readonly [VfioFile, Readonly<Record<number, string>>][] = [
  ['device', DEVICE],
  ['container', CONTAINER],
  ['container', SPAPR],
  ['group', GROUP],
  ['migration', MIGRATION],
];

/** Every call whose number is unique, or that is the usual one for it, whatever the file. */
const ANY_FILE: Readonly<Record<number, string>> = {
  ...MIGRATION,
  ...SPAPR,
  ...CONTAINER,
  ...DEVICE,
  ...GROUP,
};

/**
 * The name of an ioctl, or undefined when it is not one of VFIO or iommufd.
 * @param command the request number, such as 0x3b64
 * @param file the file of the call; without it a number that is used twice yields the device's call
 */
export function vfioIoctlName(command: number, file?: VfioFile): string | undefined {
  if (command >= IOMMUFD_BASE && command < IOMMUFD_BASE + IOMMUFD.length) {
    return IOMMUFD[command - IOMMUFD_BASE];
  }
  const table = file === undefined ? ANY_FILE : BY_FILE[file];
  return table[command - VFIO_BASE];
}

const FIRST_OF_TYPE = VFIO_BASE;
const LAST_OF_TYPE = 0x3bff;

/**
 * Whether a number can only be a call of VFIO or iommufd, also one that is not known here: they
 * share the type (kernel Documentation/userspace-api/ioctl/ioctl-number.rst).
 */
export const isVfioIoctl = (command: number): boolean =>
  command >= FIRST_OF_TYPE && command <= LAST_OF_TYPE;

/** Every name of a number, whatever the file. */
export function vfioIoctlNames(command: number): readonly string[] {
  const own = IOMMUFD[command - IOMMUFD_BASE];
  if (own !== undefined) return [own];
  return TABLES.flatMap(([, table]) => table[command - VFIO_BASE] ?? []);
}

/** The kind of file that supports a call, or undefined when the name is not known. */
export function vfioIoctlFile(name: string): VfioFile | undefined {
  if (IOMMUFD.includes(name)) return 'iommufd';
  return TABLES.find(([, table]) => Object.values(table).includes(name))?.[0];
}

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...TABLES.flatMap(([, table]) =>
    Object.entries(table).map(([n, name]) => [name, VFIO_BASE + Number(n)] as const),
  ),
  ...IOMMUFD.map((name, n) => [name, IOMMUFD_BASE + n] as const),
]);

/** The request number of an ioctl by its name, or undefined when the name is not known. */
export function vfioIoctlNumber(name: string): number | undefined {
  return NUMBERS.get(name);
}

/** Every name that is known, for comparisons. */
export const vfioIoctls = (): ReadonlyMap<string, number> => NUMBERS;
