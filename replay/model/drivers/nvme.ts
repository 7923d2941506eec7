/**
 * NVMe controllers by class; entries for single devices have that class, too (kernel
 * drivers/nvme/host/pci.c 6.12).
 */
import { defineNative, pciClass } from './driver.js';
import { rows } from './model-row.js';

export const nvme = defineNative({
  name: 'nvme',
  kernels: '6.1 to 7.3',
  table: [pciClass(0x010802, 0xffffff)],
  sriovConfigure: 'simple',
  rows: rows(
    'nvme',
    'drivers/nvme/host/pci.c 6.12',
    ['ids', 'controllers match by class 0x010802'],
    ['sriov', 'a write of sriov_numvfs makes VFs by the simple function of the PCI core'],
    [
      'quirks',
      'entries for single devices that are no controllers by class',
      'the list changes with each release',
    ],
  ),
});
