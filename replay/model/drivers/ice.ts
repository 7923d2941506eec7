/** Intel E810 to E830 (kernel drivers/net/ethernet/intel/ice/ice_main.c 6.12). */
import { defineNative } from './driver.js';
import { rows } from './model-row.js';

export const ice = defineNative({
  name: 'ice',
  kernels: '6.1 to 7.3',
  sriovConfigure: 'own',
  rows: rows(
    'ice',
    'drivers/net/ethernet/intel/ice/ice_main.c 6.12',
    ['sriov', 'a write of sriov_numvfs is served by its own function'],
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
