/**
 * Calls that change the result of later calls. If one of them is not recorded, a result that
 * contradicts the known state of an iommufd may be due to a call that was not seen.
 */
import { ERRNO } from '../../../traces/index.js';

const BIND = 'VFIO_DEVICE_BIND_IOMMUFD';
const ATTACH = 'VFIO_DEVICE_ATTACH_IOMMUFD_PT';
const DETACH = 'VFIO_DEVICE_DETACH_IOMMUFD_PT';

/** What makes an object. */
const MAKERS = ['IOMMU_IOAS_ALLOC', 'IOMMU_HWPT_ALLOC', 'IOMMU_FAULT_QUEUE_ALLOC', BIND];
/** Calls that give an iommufd the IOAS that serves the calls of a container. */
const COMPAT = ['IOMMU_VFIO_IOAS', 'VFIO_GROUP_SET_CONTAINER', 'attach_device_to_domain'];
/** Calls that depend on a mapping, and not only on an object. */
const OF_MAPPINGS: ReadonlySet<string> = new Set(['IOMMU_IOAS_UNMAP', 'IOMMU_IOAS_COPY']);

/** @returns calls after which one that was to end with `errno` ends otherwise */
function undoing(errno: number, name: string): readonly string[] {
  switch (errno) {
    case ERRNO.ENOENT:
      return OF_MAPPINGS.has(name) ? [...MAKERS, 'IOMMU_IOAS_MAP'] : MAKERS;
    case ERRNO.EBUSY:
      return [DETACH];
    case ERRNO.EEXIST:
      return ['IOMMU_IOAS_UNMAP'];
    default:
      return errno === ERRNO.ENODEV ? COMPAT : [];
  }
}

/** @returns calls after which another ends with `errno` that would not have before */
function causing(errno: number, name: string): readonly string[] {
  switch (errno) {
    case ERRNO.ENOENT:
      return OF_MAPPINGS.has(name) ? ['IOMMU_IOAS_UNMAP'] : [];
    case ERRNO.EBUSY:
      return [ATTACH, BIND, 'IOMMU_HWPT_ALLOC'];
    case ERRNO.EEXIST:
      return ['IOMMU_IOAS_MAP'];
    default:
      return errno === ERRNO.ENODEV ? COMPAT : [];
  }
}

/**
 * Functions and ioctls whose absence from a recording explains an unexpected result.
 * @param name of the call
 * @param expected the result according to the known state of the iommufd
 */
export const explaining = (
  name: string,
  expected: readonly number[] | null,
  ret: number,
): readonly string[] => [
  'IOMMU_DESTROY',
  ...(expected ?? []).flatMap((result) => undoing(-result, name)),
  ...causing(-ret, name),
];
