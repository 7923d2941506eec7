/**
 * Numbers of the ioctls of VFIO, and the length of their structs (uapi vfio.h 7.3): type ';', base
 * 100, no direction and no size in the number. One number stands for different calls on different
 * kinds of files.
 */
const BASE = 0x3b64;

/** A member of a struct: its offset and its bytes. */
export type Member = readonly [offset: number, bytes: 1 | 2 | 4 | 8];

export interface IoctlFacts {
  readonly file: 'container' | 'group' | 'device';
  readonly number: number;
  /** What the third argument is. */
  readonly argument: 'none' | 'number' | 'struct' | 'name' | 'file';
  /** Members of the struct by name; the first is `argsz`, by default the size. */
  readonly members: Readonly<Record<string, Member>>;
  /** Smallest size of the struct. */
  readonly size: number;
}

const none = (file: IoctlFacts['file'], n: number): IoctlFacts => ({
  file,
  number: BASE + n,
  argument: 'none',
  members: {},
  size: 0,
});

const struct = (
  file: IoctlFacts['file'],
  n: number,
  size: number,
  members: IoctlFacts['members'],
): IoctlFacts => ({
  file,
  number: BASE + n,
  argument: 'struct',
  members: { argsz: [0, 4], flags: [4, 4], ...members },
  size,
});

export const IOCTLS: Readonly<Record<string, IoctlFacts>> = {
  VFIO_GET_API_VERSION: none('container', 0),
  VFIO_CHECK_EXTENSION: { ...none('container', 1), argument: 'number' },
  VFIO_SET_IOMMU: { ...none('container', 2), argument: 'number' },
  VFIO_IOMMU_GET_INFO: struct('container', 12, 24, {}),
  VFIO_IOMMU_MAP_DMA: struct('container', 13, 32, { vaddr: [8, 8], iova: [16, 8], size: [24, 8] }),
  VFIO_IOMMU_UNMAP_DMA: struct('container', 14, 24, { iova: [8, 8], size: [16, 8] }),
  VFIO_GROUP_GET_STATUS: struct('group', 3, 8, {}),
  VFIO_GROUP_SET_CONTAINER: { ...none('group', 4), argument: 'file' },
  VFIO_GROUP_UNSET_CONTAINER: none('group', 5),
  VFIO_GROUP_GET_DEVICE_FD: { ...none('group', 6), argument: 'name' },
  VFIO_DEVICE_GET_INFO: struct('device', 7, 24, {}),
  VFIO_DEVICE_GET_REGION_INFO: struct('device', 8, 32, { index: [8, 4] }),
  VFIO_DEVICE_GET_IRQ_INFO: struct('device', 9, 16, { index: [8, 4] }),
  VFIO_DEVICE_SET_IRQS: struct('device', 10, 20, { index: [8, 4], start: [12, 4], count: [16, 4] }),
  VFIO_DEVICE_RESET: none('device', 11),
  VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: struct('device', 12, 12, { count: [8, 4] }),
  VFIO_DEVICE_PCI_HOT_RESET: struct('device', 13, 12, { count: [8, 4] }),
  VFIO_DEVICE_FEATURE: struct('device', 17, 8, {}),
};
