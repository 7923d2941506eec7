/**
 * Which devices the models of VFIO cover: PCI functions that vfio-pci, or a known driver built on
 * vfio-pci-core, has. Mediated devices, devices of other buses, and functions of drivers that no
 * model knows have files with the same ioctls, which say what their own drivers say.
 */
import { driverModel, type OwnPart } from '../../model/drivers/index.js';
import type { Engine, Rule } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { UNKNOWN, UNMODELLED } from '../engine/verdict.js';
import type { PciDevice } from '../machine/pci-device.js';
import { openOf } from './vfio-effects.js';

/** `unsure`: its driver is not known, or not for certain. */
type Coverage = 'modelled' | 'unsure' | 'foreign';

function coverageOf(device: PciDevice | null): Coverage {
  if (device === null) return 'foreign';
  const { driver } = device;
  if (driver === 'unknown') return 'unsure';
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
 * that it says counts; of one that may not be, or whose driver serves the part in its own way, no
 * difference.
 * @param part what of an open device the rule is about
 */
export const covered =
  (rule: Rule, part: OwnPart | null = null): Rule =>
  (engine, e) => {
    const verdict = rule(engine, e);
    if (verdict.type === 'stimulus' || e.deviceId < 0) return verdict;
    const device = engine.pciFunction(e);
    const coverage = coverageOf(device);
    if (coverage === 'foreign') return UNMODELLED;
    if (verdict.type !== 'diverge') return verdict;
    return coverage === 'unsure' || isServedByDriver(engine, e, device, part) ? UNKNOWN : verdict;
  };

/**
 * Where it is known what a variant keeps of the device, its hooks say what it does, unless only a
 * system call was seen, whose value is what both the core and the driver made of it.
 */
function isServedByDriver(
  engine: Engine,
  e: EventCursor,
  device: PciDevice | null,
  part: OwnPart | null,
): boolean {
  if (part === null || device === null || device.driver === 'unknown') return false;
  if (openOf(engine, device.address)?.own && e.phase !== 'point') return false;
  return device.driver.some((name) => name !== null && driverModel(name).own.includes(part));
}

/**
 * Whether an IOMMU group consists only of PCI functions that are covered, or whose driver is known
 * not to belong to VFIO: then everything that users do with it appears in functions that the models
 * know. A group without any known PCI function is one of another bus, or of a mediated device.
 */
export function isCoveredGroup(engine: Engine, group: number): boolean {
  if (!Number.isInteger(group)) return false;
  let found = false;
  for (const { group: its, driver } of engine.machine.devices) {
    if (its !== group) continue;
    if (driver === 'unknown') return false;
    const models = driver.filter((name) => name !== null).map(driverModel);
    if (models.some(({ known }) => !known)) return false;
    found ||= models.some(({ vfioPci }) => vfioPci);
  }
  return found || isGroupOfMdev(engine, group);
}

/** A mediated device is alone in its group, which has no IOMMU. */
export const isGroupOfMdev = ({ mdevs }: Engine, group: number): boolean =>
  [...mdevs.devices.values()].some(({ group: its, driver }) => its === group && driver != null);
