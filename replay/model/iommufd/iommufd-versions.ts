/**
 * What differs between kernels, as data: which ioctls an iommufd has, how large their structs are,
 * and what some of them check (drivers/iommu/iommufd/main.c, 6.2 to 7.3).
 */

/** An ioctl of an iommufd. */
export interface IoctlFacts {
  /** Bytes of its struct that a caller has to pass: up to the last member of its first version. */
  readonly min: number;
  /** Since which kernel it is there, as major * 1000 + minor. */
  readonly since: number;
  /** Bytes that the kernel knows of its struct, by the kernel since which it does. */
  readonly sizes: readonly (readonly [since: number, bytes: number])[];
}

const fixed = (bytes: number, since: number, min = bytes): IoctlFacts => ({
  min,
  since,
  sizes: [[since, bytes]],
});

/** In the order of their numbers. */
export const IOCTLS: Readonly<Record<string, IoctlFacts>> = {
  IOMMU_DESTROY: fixed(8, 6002),
  IOMMU_IOAS_ALLOC: fixed(12, 6002),
  IOMMU_IOAS_ALLOW_IOVAS: fixed(24, 6002),
  IOMMU_IOAS_COPY: fixed(40, 6002),
  IOMMU_IOAS_IOVA_RANGES: fixed(32, 6002),
  IOMMU_IOAS_MAP: fixed(40, 6002),
  IOMMU_IOAS_UNMAP: fixed(24, 6002),
  IOMMU_OPTION: fixed(24, 6002),
  IOMMU_VFIO_IOAS: fixed(12, 6002),
  IOMMU_HWPT_ALLOC: {
    min: 24,
    since: 6006,
    sizes: [
      [6006, 24],
      [6007, 40],
      [6011, 48],
    ],
  },
  IOMMU_GET_HW_INFO: {
    min: 32,
    since: 6006,
    sizes: [
      [6006, 32],
      [6007, 40],
    ],
  },
  IOMMU_HWPT_SET_DIRTY_TRACKING: fixed(16, 6007),
  IOMMU_HWPT_GET_DIRTY_BITMAP: fixed(48, 6007),
  IOMMU_HWPT_INVALIDATE: fixed(32, 6008),
  IOMMU_FAULT_QUEUE_ALLOC: fixed(16, 6011),
  IOMMU_IOAS_MAP_FILE: fixed(40, 6013),
  IOMMU_VIOMMU_ALLOC: {
    min: 24,
    since: 6013,
    sizes: [
      [6013, 24],
      [6017, 40],
    ],
  },
  IOMMU_VDEVICE_ALLOC: fixed(24, 6013),
  IOMMU_IOAS_CHANGE_PROCESS: fixed(8, 6014),
  IOMMU_VEVENTQ_ALLOC: fixed(32, 6015),
  IOMMU_HW_QUEUE_ALLOC: fixed(40, 6017),
};

/** Bytes that a kernel knows of a struct. */
export function structSize({ sizes }: IoctlFacts, version: number): number {
  return sizes.findLast(([since]) => since <= version)?.[1] ?? sizes[0][1];
}

/** Behaviour that changed with a version. `null`: the recording does not state its kernel. */
export interface IommufdRules {
  /** As major * 1000 + minor. */
  readonly version: number | null;
}

/** Whether a kernel has a change that came with a version; null when it is not known. */
export const since = ({ version }: IommufdRules, first: number): boolean | null =>
  version === null ? null : version >= first;

/** First kernels with what the ioctls check otherwise than before. */
export const CHANGED = {
  /** HWPT_INVALIDATE also accepts a vIOMMU, and rejects an object of another kind with EINVAL. */
  INVALIDATE_ANY: 6013,
  /** IOMMU_HWPT_ALLOC_PASID. */
  HWPT_PASID: 6014,
  /** The checks of HWPT_ALLOC leave IOMMU_HWPT_FAULT_ID_VALID to the core. */
  HWPT_FAULT_BY_CORE: 6013,
  /** IOMMU_HW_INFO_FLAG_INPUT_TYPE. */
  HW_INFO_INPUT: 6017,
} as const;
