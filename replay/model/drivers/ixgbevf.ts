/**
 * VFs of 82599, X540, X550 and E610, with those that Hyper-V shows (kernel
 * drivers/net/ethernet/intel/ixgbevf/ixgbevf_main.c 6.12).
 */
import { defineNative, pciIds } from './driver.js';
import { rows } from './model-row.js';

export const ixgbevf = defineNative({
  name: 'ixgbevf',
  kernels: '6.1 to 6.15',
  table: pciIds(
    0x8086,
    0x10ed,
    0x152e,
    0x1515,
    0x1530,
    0x1565,
    0x1564,
    0x15a8,
    0x15a9,
    0x15c5,
    0x57ad,
  ),
  sriovConfigure: 'none',
  rows: rows(
    'ixgbevf',
    'drivers/net/ethernet/intel/ixgbevf/ixgbevf_main.c 6.12',
    ['ids', 'the VFs of its table match'],
    ['answers', 'results of its probe come from a recording or a scenario'],
  ),
});
