/** All display controllers of NVIDIA (kernel drivers/gpu/drm/nouveau/nouveau_drm.c 6.1). */
import { defineNative, pciClass } from './driver.js';
import { rows } from './model-row.js';

export const nouveau = defineNative({
  name: 'nouveau',
  kernels: '6.1 to 7.3',
  probe: 'nouveau_drm_probe',
  table: [pciClass(0x030000, 0xff0000, 0x10de), pciClass(0x030000, 0xff0000, 0x12d2)],
  sriovConfigure: 'none',
  rows: rows(
    'nouveau',
    'drivers/gpu/drm/nouveau/nouveau_drm.c 6.12',
    ['ids', 'every function of NVIDIA of a display class matches, VFs, too'],
    ['next-in-line', 'it is tried after nova_core refused a VF'],
    ['chipset', 'a chip that it does not know: -ENODEV'],
    ['defer', 'vga_switcheroo defers its probe'],
  ),
});
