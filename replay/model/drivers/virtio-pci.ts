import { defineNative, pciClass } from './driver.js';

/** virtio-pci claims every device id of the virtio vendor. */
export const virtioPci = defineNative({
  name: 'virtio-pci',
  table: [pciClass(0, 0, 0x1af4)],
  sriovConfigure: 'own',
});
