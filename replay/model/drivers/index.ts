/** All drivers that are declared. A new one is a file and a line here. */
import { type DriverModel, unknownDriver } from './driver.js';
import { e1000e } from './e1000e.js';
import { hisiAccVfioPci } from './hisi-acc-vfio-pci.js';
import { iavf } from './iavf.js';
import { ice } from './ice.js';
import { igb } from './igb.js';
import { igbvf } from './igbvf.js';
import { ixgbe } from './ixgbe.js';
import { ixgbevf } from './ixgbevf.js';
import { mlx5Core } from './mlx5-core.js';
import { mlx5VfioPci } from './mlx5-vfio-pci.js';
import { nouveau } from './nouveau.js';
import { novaCore } from './nova-core.js';
import { nvgpuVfioPci } from './nvgpu-vfio-pci.js';
import { nvgraceGpuVfioPci } from './nvgrace-gpu-vfio-pci.js';
import { nvidiaVgpuVfio } from './nvidia-vgpu-vfio.js';
import { nvme } from './nvme.js';
import { pciStub } from './pci-stub.js';
import { pcieport } from './pcieport.js';
import { pdsVfioPci } from './pds-vfio-pci.js';
import { qatVfioPci } from './qat-vfio-pci.js';
import { vfioPci } from './vfio-pci.js';
import { virtioPci } from './virtio-pci.js';
import { virtioVfioPci } from './virtio-vfio-pci.js';
import { xe } from './xe.js';
import { xeVfioPci } from './xe-vfio-pci.js';

export { addTo } from './added.js';
export {
  areOfCore,
  ownerOfParameter,
  PARAMETER_OWNER,
  parametersFor,
} from './core-parameters.js';
export type { DriverModel, OwnPart } from './driver.js';
export { everyArc } from './migration-arcs.js';
export { idsAreTooLong, idsOf, type ModuleParameters } from './module-parameters.js';
export { FORM, FORMS, PASSED_ON, VIRTUAL_MACHINE } from './nova-core.js';
export type {
  Doors,
  OtherFunction,
  Own,
  ProbeFacts,
  RegionAccess,
  Served,
  Shown,
  Variant,
} from './variant.js';
export { chooseType, PROPERTY as VGPU_PROPERTY, writtenType } from './vgpu-types.js';

export const DRIVERS: readonly DriverModel[] = [
  vfioPci,
  nvgraceGpuVfioPci,
  nvgpuVfioPci,
  virtioVfioPci,
  mlx5VfioPci,
  hisiAccVfioPci,
  pdsVfioPci,
  xeVfioPci,
  qatVfioPci,
  nvidiaVgpuVfio,
  nvme,
  pcieport,
  virtioPci,
  novaCore,
  nouveau,
  pciStub,
  igb,
  igbvf,
  ixgbe,
  ixgbevf,
  iavf,
  ice,
  mlx5Core,
  e1000e,
  xe,
];

const BY_NAME: ReadonlyMap<string, DriverModel> = new Map(
  DRIVERS.map((driver) => [driver.name, driver]),
);

/** Names of functions by which variants serve regions themselves. */
const DOORS: ReadonlySet<string> = new Set(
  DRIVERS.flatMap(({ variant }) => Object.values<string>({ ...variant?.doors })),
);

/** Whether a function is a variant's own for reads, writes or mappings. */
export const isDoor = (name: string): boolean => DOORS.has(name);

/** The model of a driver by its name; an unknown driver if it is not declared. */
export const driverModel = (name: string): DriverModel => BY_NAME.get(name) ?? unknownDriver(name);
