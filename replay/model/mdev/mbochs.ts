/** mbochs: a display as DMA buffers (kernel samples/vfio-mdev/mbochs.c 6.12). */
import { ERRNO } from '../../../traces/index.js';
import { because } from '../reason.js';
import type { MdevDriver } from './mdev-driver.js';
import { PLANE, planeOf } from './planes.js';

/** Those of PCI, followed by one for the monitor's EDID. */
const REGIONS = 10;
const IRQS = 5;
/** `struct vfio_region_info` with a capability of the region's type: 6.12 accepts no larger one. */
const REGION_INFO_MAX = 48;

export const mbochs: MdevDriver = {
  name: 'mbochs',
  since: 6001,
  full: [-ERRNO.ENOSPC],
  types: { 'mbochs-small': 4, 'mbochs-medium': 16, 'mbochs-large': 64 },
  capacity: 256,
  countedByCore: false,
  hasRegion: (index, argsz) =>
    index < REGIONS && argsz > REGION_INFO_MAX ? null : index < REGIONS,
  hasIrq: (index) => index < IRQS,
  limitsAsked: false,
  setsIrqs: false,
  migration: null,
  logsDma: false,
  own: (name, words) => {
    if (name === 'VFIO_DEVICE_QUERY_GFX_PLANE') {
      return planeOf(PLANE.DMABUF, words, [0, -ERRNO.ENOMEM]);
    }
    if (name !== 'VFIO_DEVICE_GET_GFX_DMABUF') return undefined;
    // Buffers are numbered from 1 on. Whether the guest has set up one is not recorded.
    return words[0] === 0 ? because(ERRNO.ENOENT, 'there is no DMA buffer 0') : null;
  },
  maps: (region) => region === 0,
  access: (_region, count) => [count, -ERRNO.EFAULT],
};
