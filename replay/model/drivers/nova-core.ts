import { defineNative, pciClass } from './driver.js';

/** Claims NVIDIA's display and 3D controllers, VFs too (kernel drivers/gpu/nova-core/driver.rs). */
export const novaCore = defineNative({
  name: 'nova_core',
  table: [pciClass(0x030000, 0xffff00, 0x10de), pciClass(0x030200, 0xffff00, 0x10de)],
});
