import { defineVfioPci, pciIds } from './driver.js';

/**
 * VFs of virtio network and block devices. Where the device has the admin commands for it, a VF
 * looks transitional to the user, with an I/O BAR 0 that these serve (kernel
 * drivers/vfio/pci/virtio 6.9).
 */
export const virtioVfioPci = defineVfioPci({
  name: 'virtio_vfio_pci',
  probe: 'virtiovf_pci_probe',
  table: pciIds(0x1af4, 0x1041, 0x1042),
  own: ['config', 'regions'],
});
