/**
 * SQL of the domain that a call maps memory for. Struct members are those of kernel
 * include/uapi/linux/iommufd.h and vfio.h 6.12.
 */
import { structWord } from './struct-word.js';

const OF_IOAS = ['IOMMU_IOAS_MAP', 'IOMMU_IOAS_MAP_FILE', 'IOMMU_IOAS_COPY'] as const;

/** The ioctls in which memory is mapped, as a list of SQL strings. */
export const MAPPING_CALLS = [
  ...OF_IOAS,
  ...['IOMMU_HWPT_ALLOC', 'VFIO_DEVICE_ATTACH_IOMMUFD_PT'],
  ...['VFIO_IOMMU_MAP_DMA', 'VFIO_SET_IOMMU', 'VFIO_GROUP_SET_CONTAINER'],
]
  .map((name) => `'${name}'`)
  .join(', ');

export const DOMAIN_DOC =
  'what it is mapped for: `IOAS` and its number in an iommufd, `object` and the number that a ' +
  'device was attached to, or `container` and the process';

/**
 * SQL of a text.
 * @param name of the ioctl
 * @param hex the argument, two digits a byte; null or short where the recording has less
 */
export const domainOf = (name: string, hex: string, pid: string, device = "''"): string => `
    CASE ${name} WHEN 'VFIO_DEVICE_ATTACH_IOMMUFD_PT'
        THEN 'object ' || ${wordIn(hex, 8)} || ' of ' || ${device}
      WHEN 'IOMMU_HWPT_ALLOC' THEN 'IOAS ' || ${wordIn(hex, 12)}
      WHEN 'IOMMU_IOAS_UNMAP' THEN 'IOAS ' || ${wordIn(hex, 4)}
      ${OF_IOAS.map((one) => `WHEN '${one}' THEN 'IOAS ' || ${wordIn(hex, 8)}`).join('\n      ')}
      ELSE 'container of process ' || ${pid} END`;

const wordIn = (hex: string, at: number): string =>
  `CASE WHEN length(${hex}) >= ${2 * (at + 4)} THEN ${structWord(hex, at, 4)} END`;
