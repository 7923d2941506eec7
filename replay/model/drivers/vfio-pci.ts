import { defineVfioPci, pciClass } from './driver.js';

/**
 * vfio-pci: its only entry is any device, override-only (kernel drivers/vfio/pci/vfio_pci.c 6.1).
 * Its `sriov_configure` refuses unless the module parameter `enable_sriov` is set, which no
 * recording shows.
 */
export const vfioPci = defineVfioPci({
  name: 'vfio-pci',
  table: [pciClass(0, 0)],
  sriovConfigure: 'unknown',
});
