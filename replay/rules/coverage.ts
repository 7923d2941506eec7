/**
 * Which devices the models of VFIO cover: PCI functions that vfio-pci, or a known driver built on
 * vfio-pci-core, has. Mediated devices, devices of other buses, and functions of drivers that no
 * model knows have files with the same ioctls, which say what their own drivers say.
 */
import { driverModel } from '../drivers/index.js';
import type { Engine, Rule } from '../engine/engine.js';
import { UNKNOWN, UNMODELLED } from '../engine/verdict.js';
import type { PciDevice } from '../machine/device.js';

/** `unsure`: its driver is not known, or not for certain. */
type Coverage = 'modelled' | 'unsure' | 'foreign';

function coverageOf(device: PciDevice | null): Coverage {
  if (device === null) return 'foreign';
  const { driver } = device;
  if (driver === null) return 'unsure';
  let modelled = false;
  for (const name of driver) {
    if (name === null) continue;
    if (!driverModel(name).vfioPci) return 'foreign';
    modelled = true;
  }
  return modelled ? 'modelled' : 'unsure';
}

/**
 * A rule of vfio-pci-core, for events that name the device. Of a device that is not covered nothing
 * that it says counts; of one that may not be, no difference.
 */
export const covered =
  (rule: Rule): Rule =>
  (engine, e) => {
    const verdict = rule(engine, e);
    if (verdict.type === 'stimulus' || e.deviceId < 0) return verdict;
    const coverage = coverageOf(engine.pciFunction(e));
    if (coverage === 'foreign') return UNMODELLED;
    return coverage === 'unsure' && verdict.type === 'diverge' ? UNKNOWN : verdict;
  };

/**
 * Whether an IOMMU group is of PCI functions alone that are covered, or have a driver that is known
 * to be none of VFIO's: what users do with it then shows in functions that the models know. A
 * group that no PCI function is known to be in is that of another bus, or of a mediated device.
 */
export function isCoveredGroup(engine: Engine, group: number): boolean {
  if (!Number.isInteger(group)) return false;
  let found = false;
  for (const { group: its, driver } of engine.machine.devices) {
    if (its !== group) continue;
    if (driver === null) return false;
    const models = driver.filter((name) => name !== null).map(driverModel);
    if (models.some(({ known }) => !known)) return false;
    found ||= models.some(({ vfioPci }) => vfioPci);
  }
  return found;
}
