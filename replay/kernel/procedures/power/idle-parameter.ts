/**
 * `disable_idle_d3`: functions that nobody has open stay in D0 (kernel drivers/vfio/pci/vfio_pci.c
 * and vfio_pci_core.c). Each device keeps what held as it registered; where the parameter is the
 * core's, that is what the module of vfio-pci was loaded with last.
 */
import { areOfCore, PARAMETER_OWNER } from '../../../model/drivers/index.js';
import type { Kernel } from '../../kernel.js';
import { GLOBAL, POWER } from '../../layout.js';
import type { Driver } from '../../place.js';

const parameterOf = ({ spec }: Driver): number => Number(spec.parameters?.disable_idle_d3 === true);

/** The module of a driver is loaded. */
export function loadIdleParameter(k: Kernel, driver: Driver): void {
  if (driver.name === PARAMETER_OWNER) k.set(GLOBAL.idleInD0, parameterOf(driver));
}

/** A device registers, whose driver this is. */
export function latchIdleParameter(k: Kernel, dev: number, driver: Driver): void {
  const value = areOfCore(k.rules.version) ? k.get(GLOBAL.idleInD0) : parameterOf(driver);
  k.set(k.power(dev) + POWER.idleInD0, value);
}

/** Whether a device stays in D0 while nobody has it open: its use is never given up. */
export const idlesInD0 = (k: Kernel, dev: number): boolean =>
  k.get(k.hasBug('idleParameterShared') ? GLOBAL.idleInD0 : k.power(dev) + POWER.idleInD0) !== 0;
