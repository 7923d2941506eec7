import { defineNative, pciClass } from './driver.js';

/** NVMe controllers by class; entries for single devices have that class, too. */
export const nvme = defineNative({
  name: 'nvme',
  table: [pciClass(0x010802, 0xffffff)],
  sriovConfigure: 'simple',
});
