/**
 * Parameters of vfio-pci-core. The module of vfio-pci takes them, and hands them to the core as it
 * is loaded: from then on they count for every driver that is built on the core
 * (`vfio_pci_core_set_params`, kernel drivers/vfio/pci/vfio_pci.c and vfio_pci_core.c 6.12). In 7.3
 * they are for vfio-pci's own devices.
 */
import type { DriverModel } from './driver.js';
import type { ModuleParameters } from './module-parameters.js';

/** The driver whose module takes them. */
export const PARAMETER_OWNER = 'vfio-pci';
/** The first kernel known in which they are for its own devices. */
const OWN_SINCE = 7003;
const OF_CORE: ReadonlySet<string> = new Set(['disable_vga', 'disable_idle_d3']);

/**
 * Whether they count for every driver of the core.
 * @param version of the kernel as major * 1000 + minor
 */
export const areOfCore = (version: number): boolean => version < OWN_SINCE;

/**
 * What counts for a driver: the parameters of its own module, and those of the core.
 * @param version of the kernel as major * 1000 + minor
 * @param given parameters of the module of a driver; undefined where they are not known
 */
export function parametersFor(
  { name, vfioPci }: Pick<DriverModel, 'name' | 'vfioPci'>,
  version: number,
  given: (driver: string) => ModuleParameters | undefined,
): ModuleParameters {
  const own = given(name) ?? {};
  if (!vfioPci || name === PARAMETER_OWNER || !areOfCore(version)) return own;
  const ofCore = Object.entries(given(PARAMETER_OWNER) ?? {}).filter(([parameter]) =>
    OF_CORE.has(parameter),
  );
  return { ...own, ...Object.fromEntries(ofCore) };
}

/** The driver whose module takes a parameter that counts for this one; null for any other. */
export const ownerOfParameter = (
  { name, vfioPci }: Pick<DriverModel, 'name' | 'vfioPci'>,
  parameter: string,
): string | null =>
  vfioPci && name !== PARAMETER_OWNER && OF_CORE.has(parameter) ? PARAMETER_OWNER : null;
