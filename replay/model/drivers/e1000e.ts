/** Intel 82571 to I219 (kernel drivers/net/ethernet/intel/e1000e/netdev.c 6.12). */
import { defineNative } from './driver.js';
import { rows } from './model-row.js';

export const e1000e = defineNative({
  name: 'e1000e',
  kernels: '6.1 to 7.3',
  sriovConfigure: 'none',
  rows: rows(
    'e1000e',
    'drivers/net/ethernet/intel/e1000e/netdev.c 6.12',
    ['sriov', 'it makes no VFs: sriov_numvfs is -ENOENT'],
    ['dma', 'it claims the IOMMU group for the kernel as it is probed'],
    [
      'ids',
      'the functions of its table match',
      'the list changes with each release; a recording or a scenario has it',
    ],
    [
      'answers',
      'results of its probe come from a recording or a scenario',
      'the hardware is not modelled',
    ],
  ),
});
