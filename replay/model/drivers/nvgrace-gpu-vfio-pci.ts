import { defineVfioPci, pciIds } from './driver.js';

/**
 * GPUs whose memory the CPU reaches coherently: the driver shows it as BARs 2 and 4, which the
 * device does not have (kernel drivers/vfio/pci/nvgrace-gpu/main.c 6.9).
 */
export const nvgraceGpuVfioPci = defineVfioPci({
  name: 'nvgrace_gpu_vfio_pci',
  probe: 'nvgrace_gpu_probe',
  table: pciIds(0x10de, 0x2342, 0x2345, 0x2348, 0x2941, 0x31c2),
  own: ['config', 'regions'],
});
