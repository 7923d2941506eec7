import { defineNative, pciClass } from './driver.js';

/** PCIe ports and bridges; it manages DMA ownership itself, since it does no DMA. */
export const pcieport = defineNative({
  name: 'pcieport',
  probe: 'pcie_portdrv_probe',
  table: [pciClass(0x060400, 0xffffff), pciClass(0x060401, 0xffffff)],
  managesDma: true,
});
