/**
 * `disable_idle_d3` of vfio-pci: functions that nobody has open stay in D0 (kernel
 * drivers/vfio/pci/vfio_pci.c, vfio_pci_core.c). Up to 7.2 vfio-pci copies it into the core as its
 * module is loaded, for all drivers that use the core; in 7.3 it is for vfio-pci's own devices.
 * Each device keeps what held as it registered.
 */
import type { Kernel } from '../../kernel.js';
import { DEVICE, GLOBAL, POWER } from '../../layout.js';
import type { Driver } from '../../place.js';

/** The first kernel known in which the parameter is that of vfio-pci's own devices. */
const OWN_SINCE = 7003;
const OWNER = 'vfio-pci';

const parameterOf = ({ spec }: Driver): number => Number(spec.parameters?.disable_idle_d3 === true);

/** The module of a driver is loaded. */
export function loadIdleParameter(k: Kernel, driver: Driver): void {
  if (driver.name === OWNER) k.set(GLOBAL.idleInD0, parameterOf(driver));
}

/** A device registers, whose driver this is. */
export function latchIdleParameter(k: Kernel, dev: number, driver: Driver): void {
  const value = k.rules.version >= OWN_SINCE ? parameterOf(driver) : k.get(GLOBAL.idleInD0);
  k.set(k.power(dev) + POWER.idleInD0, value);
}

/** Whether a device stays in D0 while nobody has it open: its use is never given up. */
export const idlesInD0 = (k: Kernel, dev: number): boolean =>
  k.get(k.hasBug('idleParameterShared') ? GLOBAL.idleInD0 : k.power(dev) + POWER.idleInD0) !== 0;

/** The driver of vfio-pci-core that a function is bound to. */
export const coreDriverOf = (k: Kernel, dev: number): Driver =>
  k.driverAt(k.get(dev + DEVICE.driver));
