/**
 * Numbers of the ioctls of VFIO and of iommufds, and the length of their structs (uapi vfio.h and
 * iommufd.h 7.3): type ';', base 100 and 128, no direction and no size in the number. One number
 * of VFIO stands for different calls on different kinds of files.
 */
const BASE = 0x3b64;
const IOMMUFD_BASE = 0x3b80;

/** A member of a struct: its offset and its bytes. */
export type Member = readonly [offset: number, bytes: 1 | 2 | 4 | 8];

export interface IoctlFacts {
  readonly file: 'container' | 'group' | 'device' | 'iommufd' | 'migration';
  readonly number: number;
  /** What the third argument is. */
  readonly argument: 'none' | 'number' | 'struct' | 'name' | 'file';
  /** Members of the struct by name; the first is `argsz` or `size`, by default the size. */
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

const iommufd = (n: number, size: number, members: IoctlFacts['members']): IoctlFacts => ({
  file: 'iommufd',
  number: IOMMUFD_BASE + n,
  argument: 'struct',
  members: { size: [0, 4], ...members },
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
  VFIO_DEVICE_QUERY_GFX_PLANE: struct('device', 14, 64, { drm_plane_type: [8, 4] }),
  VFIO_DEVICE_GET_GFX_DMABUF: {
    ...none('device', 15),
    argument: 'struct',
    members: { dmabuf_id: [0, 4] },
    size: 4,
  },
  /** What follows the header depends on the feature. */
  VFIO_DEVICE_FEATURE: struct('device', 17, 8, {
    device_state: [8, 4],
    data_fd: [12, 4],
    page_size: [8, 8],
    num_ranges: [16, 4],
    ranges: [24, 8],
    iova: [8, 8],
    length: [16, 8],
    bitmap: [32, 8],
  }),
  VFIO_DEVICE_BIND_IOMMUFD: struct('device', 18, 16, { iommufd: [8, 4] }),
  VFIO_DEVICE_ATTACH_IOMMUFD_PT: struct('device', 19, 12, { pt_id: [8, 4], pasid: [12, 4] }),
  VFIO_DEVICE_DETACH_IOMMUFD_PT: struct('device', 20, 8, { pasid: [8, 4] }),
  VFIO_MIG_GET_PRECOPY_INFO: struct('migration', 21, 24, {}),
  IOMMU_DESTROY: iommufd(0, 8, { id: [4, 4] }),
  IOMMU_IOAS_ALLOC: iommufd(1, 12, { flags: [4, 4] }),
  IOMMU_IOAS_ALLOW_IOVAS: iommufd(2, 24, {
    ioas_id: [4, 4],
    num_iovas: [8, 4],
    allowed_iovas: [16, 8],
  }),
  IOMMU_IOAS_COPY: iommufd(3, 40, {
    flags: [4, 4],
    dst_ioas_id: [8, 4],
    src_ioas_id: [12, 4],
    length: [16, 8],
    dst_iova: [24, 8],
    src_iova: [32, 8],
  }),
  IOMMU_IOAS_IOVA_RANGES: iommufd(4, 32, {
    ioas_id: [4, 4],
    num_iovas: [8, 4],
    allowed_iovas: [16, 8],
  }),
  IOMMU_IOAS_MAP: iommufd(5, 40, {
    flags: [4, 4],
    ioas_id: [8, 4],
    user_va: [16, 8],
    length: [24, 8],
    iova: [32, 8],
  }),
  IOMMU_IOAS_UNMAP: iommufd(6, 24, { ioas_id: [4, 4], iova: [8, 8], length: [16, 8] }),
  IOMMU_OPTION: iommufd(7, 24, {
    option_id: [4, 4],
    op: [8, 2],
    object_id: [12, 4],
    val64: [16, 8],
  }),
  IOMMU_VFIO_IOAS: iommufd(8, 12, { ioas_id: [4, 4], op: [8, 2] }),
  IOMMU_HWPT_ALLOC: iommufd(9, 48, {
    flags: [4, 4],
    dev_id: [8, 4],
    pt_id: [12, 4],
    data_type: [24, 4],
    data_len: [28, 4],
    data_uptr: [32, 8],
    fault_id: [40, 4],
  }),
  IOMMU_GET_HW_INFO: iommufd(10, 40, {
    flags: [4, 4],
    dev_id: [8, 4],
    data_len: [12, 4],
    data_uptr: [16, 8],
  }),
  IOMMU_HWPT_SET_DIRTY_TRACKING: iommufd(11, 16, { flags: [4, 4], hwpt_id: [8, 4] }),
  IOMMU_HWPT_GET_DIRTY_BITMAP: iommufd(12, 48, {
    hwpt_id: [4, 4],
    flags: [8, 4],
    iova: [16, 8],
    length: [24, 8],
    page_size: [32, 8],
    data: [40, 8],
  }),
  IOMMU_HWPT_INVALIDATE: iommufd(13, 32, {
    hwpt_id: [4, 4],
    data_uptr: [8, 8],
    data_type: [16, 4],
    entry_len: [20, 4],
    entry_num: [24, 4],
  }),
  IOMMU_FAULT_QUEUE_ALLOC: iommufd(14, 16, { flags: [4, 4] }),
  IOMMU_IOAS_MAP_FILE: iommufd(15, 40, {
    flags: [4, 4],
    ioas_id: [8, 4],
    fd: [12, 4],
    start: [16, 8],
    length: [24, 8],
    iova: [32, 8],
  }),
  IOMMU_VIOMMU_ALLOC: iommufd(16, 24, {
    flags: [4, 4],
    type: [8, 4],
    dev_id: [12, 4],
    hwpt_id: [16, 4],
  }),
  IOMMU_VDEVICE_ALLOC: iommufd(17, 24, { viommu_id: [4, 4], dev_id: [8, 4], virt_id: [16, 8] }),
  IOMMU_IOAS_CHANGE_PROCESS: iommufd(18, 8, {}),
  IOMMU_VEVENTQ_ALLOC: iommufd(19, 32, {
    flags: [4, 4],
    viommu_id: [8, 4],
    type: [12, 4],
    veventq_depth: [16, 4],
  }),
  IOMMU_HW_QUEUE_ALLOC: iommufd(20, 40, {
    flags: [4, 4],
    viommu_id: [8, 4],
    type: [12, 4],
    index: [16, 4],
    nesting_parent_iova: [24, 8],
    length: [32, 8],
  }),
};

/** Whether a name is one of these calls, or the number of a call without a name. */
export const isIoctl = (name: string): boolean => name in IOCTLS || name.startsWith('0x');

/** A call by its name; one without a name, which no driver has, by its number in hexadecimal. */
export const ioctlFacts = (name: string): IoctlFacts =>
  IOCTLS[name] ?? {
    file: 'device',
    number: Number(name),
    argument: 'number',
    members: {},
    size: 0,
  };
