/** VFs of 82576 and I350 (kernel drivers/net/ethernet/intel/igbvf/netdev.c 6.12). */
import { defineNative, pciIds } from './driver.js';
import { rows } from './model-row.js';

export const igbvf = defineNative({
  name: 'igbvf',
  kernels: '6.1 to 7.3',
  table: pciIds(0x8086, 0x10ca, 0x1520),
  sriovConfigure: 'none',
  rows: rows(
    'igbvf',
    'drivers/net/ethernet/intel/igbvf/netdev.c 6.12',
    ['ids', 'the VFs of its table match'],
    ['answers', 'results of its probe come from a recording or a scenario'],
  ),
});
