/** ConnectX-4 and later (kernel drivers/net/ethernet/mellanox/mlx5/core/main.c 6.12). */
import { defineNative } from './driver.js';
import { rows } from './model-row.js';

export const mlx5Core = defineNative({
  name: 'mlx5_core',
  kernels: '6.1 to 7.3',
  sriovConfigure: 'own',
  rows: rows(
    'mlx5-core',
    'drivers/net/ethernet/mellanox/mlx5/core/main.c 6.12',
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
