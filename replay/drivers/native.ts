/** Native drivers whose id tables are short enough to be known; what their probes return is not. */
import { type DriverModel, native, ofClass } from './model.js';

/** NVMe controllers by class, and ids with quirks, which all have that class too. */
const nvme: DriverModel = {
  ...native('nvme'),
  table: [ofClass(0x010802, 0xffffff)],
  sriovConfigure: 'simple',
};

/** PCIe ports and bridges; manages DMA ownership itself, since it does no DMA. */
const pcieport: DriverModel = {
  ...native('pcieport'),
  table: [ofClass(0x060400, 0xffffff), ofClass(0x060401, 0xffffff)],
  managesDma: true,
};

/** virtio-pci claims every device id of the virtio vendor. */
const virtioPci: DriverModel = {
  ...native('virtio-pci'),
  table: [ofClass(0, 0, 0x1af4)],
  sriovConfigure: 'own',
};

/** Claims NVIDIA's display and 3D controllers, VFs too (kernel drivers/gpu/nova-core/driver.rs). */
const novaCore: DriverModel = {
  ...native('nova_core'),
  table: [ofClass(0x030000, 0xffff00, 0x10de), ofClass(0x030200, 0xffff00, 0x10de)],
};

const nouveau: DriverModel = {
  ...native('nouveau'),
  table: [ofClass(0x030000, 0xff0000, 0x10de)],
  sriovConfigure: 'none',
};

/** Matches nothing by itself; a device is given to it by new_id or driver_override. */
const pciStub: DriverModel = {
  ...native('pci-stub'),
  table: [],
  managesDma: true,
  sriovConfigure: 'none',
};

export const NATIVE: readonly DriverModel[] = [
  nvme,
  pcieport,
  virtioPci,
  novaCore,
  nouveau,
  pciStub,
];
