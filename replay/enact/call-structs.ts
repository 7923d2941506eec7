/** Parts of the structs of recorded calls. */

export const BIND = 'VFIO_DEVICE_BIND_IOMMUFD';
/** Words of the struct of BIND and of SET_CONTAINER that are descriptors. */
export const BIND_FD = 8;
export const CONTAINER_FD = 4;
export const ATTACH = 'VFIO_DEVICE_ATTACH_IOMMUFD_PT';
export const DETACH = 'VFIO_DEVICE_DETACH_IOMMUFD_PT';
/** The word of the struct of ATTACH that is the number of a page table. */
export const PAGE_TABLE = 8;

export const wordAt = (data: Buffer | null, at: number): number | null =>
  data === null || data.length < at + 4 ? null : data.readInt32LE(at);
