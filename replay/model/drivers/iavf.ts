/** VFs of XL710, X722 and E800 (kernel drivers/net/ethernet/intel/iavf/iavf_main.c 6.12). */
import { defineNative, pciIds } from './driver.js';
import { rows } from './model-row.js';

export const iavf = defineNative({
  name: 'iavf',
  kernels: '6.1 to 7.3',
  table: pciIds(0x8086, 0x154c, 0x1571, 0x37cd, 0x1889),
  sriovConfigure: 'none',
  rows: rows(
    'iavf',
    'drivers/net/ethernet/intel/iavf/iavf_main.c 6.12',
    ['ids', 'the VFs of its table match'],
    ['answers', 'results of its probe come from a recording or a scenario'],
  ),
});
