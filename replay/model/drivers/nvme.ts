/**
 * NVMe controllers by class, and those of Apple by their ids, as their class is another one.
 * Entries for other single devices only add quirks to controllers of the class (kernel
 * drivers/nvme/host/pci.c 6.12).
 */
import { defineNative, pciClass, pciIds } from './driver.js';
import { rows } from './model-row.js';

export const nvme = defineNative({
  name: 'nvme',
  kernels: '6.1 to 7.3',
  table: [pciClass(0x010802, 0xffffff), ...pciIds(0x106b, 0x2001, 0x2003, 0x2005)],
  sriovConfigure: 'simple',
  rows: rows(
    'nvme',
    'drivers/nvme/host/pci.c 6.12',
    ['ids', 'controllers match by class 0x010802'],
    ['sriov', 'a write of sriov_numvfs makes VFs by the simple function of the PCI core'],
    ['quirks', '106b:2001, 2003 and 2005 match by their ids, whatever their class'],
  ),
});
