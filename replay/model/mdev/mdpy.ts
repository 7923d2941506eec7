/** mdpy: a display as a region (kernel samples/vfio-mdev/mdpy.c 6.12). */
import { ERRNO } from '../../../traces/index.js';
import type { MdevDriver } from './mdev-driver.js';
import { PLANE, planeOf } from './planes.js';

const REGIONS = 9;
const DISPLAY = 16;
const IRQS = 5;

export const mdpy: MdevDriver = {
  name: 'mdpy',
  since: 6001,
  full: [-ERRNO.EUSERS, -ERRNO.ENOMEM],
  types: { 'mdpy-vga': 1, 'mdpy-xga': 1, 'mdpy-hd': 1 },
  capacity: 4,
  countedByCore: true,
  hasRegion: (index) => index < REGIONS || index === DISPLAY,
  hasIrq: (index) => index < IRQS,
  limitsAsked: true,
  setsIrqs: false,
  migration: null,
  logsDma: false,
  own: (name, words) =>
    name === 'VFIO_DEVICE_QUERY_GFX_PLANE' ? planeOf(PLANE.REGION, words, [0]) : undefined,
  maps: (region) => region === 0 || region === DISPLAY,
  access: (_region, count) => [count, -ERRNO.EFAULT],
};
