/** mtty: serial ports, with migration (kernel samples/vfio-mdev/mtty.c 6.12). */

import { ERRNO } from '../../../traces/index.js';
import { everyArc } from '../drivers/index.js';
import { fileRules } from '../vfio/migration-file.js';
import type { MdevDriver } from './mdev-driver.js';

const REGIONS = 9;
const CONFIG = 7;
const BARS = 6;
const IRQS_WITH_EVENTFD = 2;
/** `struct mtty_data`, and what it has of each of its ports: one, of the type mtty-1. */
const HEADER_BYTES = 24;
const PORT_BYTES = 36;

export const mtty: MdevDriver = {
  name: 'mtty',
  // Migration was added in 6.7, with the same checks of interrupts as for PCI.
  since: 6007,
  full: [-ERRNO.ENOSPC],
  types: { 'mtty-1': 1, 'mtty-2': 2 },
  capacity: 24,
  countedByCore: false,
  hasRegion: (index) => index < REGIONS,
  hasIrq: (index) => index < IRQS_WITH_EVENTFD,
  limitsAsked: true,
  setsIrqs: true,
  migration: {
    ...everyArc,
    files: fileRules('mtty_mig', HEADER_BYTES, HEADER_BYTES + PORT_BYTES, {
      drained: 0,
      tooShort: -ERRNO.EINVAL,
    }),
    logs: 'loosely',
  },
  logsDma: true,
  own: () => undefined,
  maps: () => false,
  access: (region, count) =>
    count === 0 || region < BARS || region === CONFIG ? [count] : [-ERRNO.EFAULT],
};
