/** Operations of a user of VFIO that scenarios have in common. */
import type { NumberDocument, OperationDocument } from './document.js';

export const orStop = (does: readonly OperationDocument[]): OperationDocument[] =>
  does.map((operation) => ({ ...operation, onError: 'stop' }));

/** What it takes to open a device by its group. */
export const openDeviceOf = (device: string): readonly OperationDocument[] => [
  { open: 'container' },
  { open: 'group', of: device },
  { ioctl: 'VFIO_GROUP_SET_CONTAINER', on: 'group', files: ['container'] },
  { ioctl: 'VFIO_SET_IOMMU', on: 'container', with: 3 },
  { ioctl: 'VFIO_GROUP_GET_DEVICE_FD', on: 'group', device },
];

const CONFIG = 7;
const read = (region: number, offset: NumberDocument, count: number): OperationDocument => ({
  pread: 'device',
  region,
  offset,
  count,
});
const write = (
  region: number,
  offset: NumberDocument,
  count: number,
  value: NumberDocument,
): OperationDocument => ({ pwrite: 'device', region, offset, count, value });

/** Calls on the file `device`. */
export const onDevice = {
  region: { read, write },
  config: {
    read: (offset: number, count: number) => read(CONFIG, offset, count),
    write: (offset: number, count: number, value: NumberDocument) =>
      write(CONFIG, offset, count, value),
  },
  info: (index: number): OperationDocument => ({
    ioctl: 'VFIO_DEVICE_GET_REGION_INFO',
    on: 'device',
    with: { index },
  }),
};
