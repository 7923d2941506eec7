/** NVIDIA's display and 3D controllers, VFs too (kernel drivers/gpu/nova-core/driver.rs 6.17). */
import { defineNative, pciClass } from './driver.js';
import { rows } from './model-row.js';

export const novaCore = defineNative({
  name: 'nova_core',
  kernels: '6.15 to 7.3',
  table: [pciClass(0x030000, 0xffff00, 0x10de), pciClass(0x030200, 0xffff00, 0x10de)],
  rows: rows(
    'nova-core',
    'drivers/gpu/nova-core/driver.rs 6.17, and the posting of 30 Sep 2025',
    ['ids', 'functions of NVIDIA of class 0x0300 and 0x0302 match, VFs, too'],
    ['takes-vf', 'merged form: it takes a VF before an override is written'],
    ['rejects-vf', 'form as posted: the probe of a VF is -ENODEV, and the next driver is tried'],
    [
      'pmc-boot-1',
      'PMC_BOOT_1 shows a VF to the host and to the guest',
      'registers of a native driver are not modelled',
    ],
    [
      'host-only',
      'a VF is refused on the host only',
      'whether a machine is virtual is not modelled',
    ],
    ['gsp', 'firmware and GSP fail the probe; the next driver is tried'],
  ),
});
