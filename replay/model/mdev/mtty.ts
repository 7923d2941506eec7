/** mtty: serial ports, with migration (kernel samples/vfio-mdev/mtty.c 6.12). */

import { ERRNO } from '../../../traces/index.js';
import { everyArc } from '../drivers/index.js';
import type { MdevDriver } from './mdev-driver.js';

const REGIONS = 9;
const CONFIG = 7;
const BARS = 6;
const IRQS_WITH_EVENTFD = 2;

export const mtty: MdevDriver = {
  name: 'mtty',
  // Migration was added in 6.7, with the same checks of interrupts as for PCI.
  since: 6007,
  full: [-ERRNO.ENOSPC],
  hasRegion: (index) => index < REGIONS,
  hasIrq: (index) => index < IRQS_WITH_EVENTFD,
  limitsAsked: true,
  setsIrqs: true,
  migration: everyArc,
  logsDma: true,
  own: () => undefined,
  access: (region, count) =>
    count === 0 || region < BARS || region === CONFIG ? [count] : [-ERRNO.EFAULT],
};
