/** Parts of the structs of recorded calls. */

export const BIND = 'VFIO_DEVICE_BIND_IOMMUFD';
/** Words of the struct of BIND and of SET_CONTAINER that are descriptors. */
export const BIND_FD = 8;
export const CONTAINER_FD = 4;

export const wordAt = (data: Buffer | null, at: number): number | null =>
  data === null || data.length < at + 4 ? null : data.readInt32LE(at);
