import { defineNative, pciClass } from './driver.js';

/** All display controllers of NVIDIA (kernel drivers/gpu/drm/nouveau/nouveau_drm.c 6.1). */
export const nouveau = defineNative({
  name: 'nouveau',
  probe: 'nouveau_drm_probe',
  table: [pciClass(0x030000, 0xff0000, 0x10de)],
  sriovConfigure: 'none',
});
