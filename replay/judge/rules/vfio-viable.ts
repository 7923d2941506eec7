/** Whether a group is viable, and whether VFIO has it. */
import { driverModel } from '../../model/drivers/index.js';
import { certainly, only } from '../../model/possible.js';
import type { Blocker } from '../../model/vfio/container-ioctl.js';
import type { Engine } from '../engine/engine.js';
import { groupNumber } from './group-keys.js';

/**
 * Functions of an IOMMU group that keep users from it, because their DMA is the kernel's. A driver
 * without a model may be one that declares that it needs no DMA, which few do.
 */
export function blockersOf(engine: Engine, group: number): Blocker[] {
  if (!Number.isInteger(group)) return onlyBlockers(engine);
  return [...engine.machine.devices].flatMap((device) => {
    if (device.group !== group || certainly(device.visible, false)) return [];
    const driver = only(device.driver);
    const blocks = typeof driver === 'string' && driverModel(driver).managesDma !== true;
    return blocks ? [{ address: device.address, driver }] : [];
  });
}

/**
 * Those of the only group that could be opened and is not viable, for a call whose group is not
 * recorded: VFIO has a function of it. None if there are several such groups.
 */
function onlyBlockers(engine: Engine): Blocker[] {
  const groups = new Set<number>();
  for (const { group, driver: possible } of engine.machine.devices) {
    const driver = only(possible);
    if (group !== null && typeof driver === 'string' && driverModel(driver).vfioPci) {
      groups.add(group);
    }
  }
  const found = [...groups].map((group) => blockersOf(engine, group)).filter((b) => b.length > 0);
  return found.length === 1 ? found[0] : [];
}

/** Whether all devices of an IOMMU group may be used by one user; null when that is not known. */
export function viable(engine: Engine, group: number): boolean | null {
  if (!Number.isInteger(group)) return null;
  let answer: boolean | null = true;
  for (const device of engine.machine.devices) {
    if (device.group !== group || certainly(device.visible, false)) continue;
    const driver = only(device.driver);
    const managed = typeof driver === 'string' ? driverModel(driver).managesDma : true;
    if (managed === false) return false;
    if (driver === undefined || managed === null) answer = null;
  }
  return answer;
}

/**
 * Whether VFIO may have no device of an IOMMU group, or lose the last one now; null when no device
 * of the group is known.
 */
export function mayBeLost(engine: Engine, group: number): boolean | null {
  const members = [...engine.machine.devices].filter((device) => device.group === group);
  if (!Number.isInteger(group) || members.length === 0) return null;
  return !members.some((device) => {
    const driver = only(device.driver);
    if (driver === null || certainly(device.visible, false)) return false;
    const mayBeVfio = driver === undefined || driverModel(driver).vfioPci;
    return mayBeVfio && engine.frames.onDevice(device, 'release') === null;
  });
}

/** Whether a user of VFIO owns the DMA of an IOMMU group, as its container does for him. */
export function isOwned(engine: Engine, group: number | null): boolean {
  if (group === null) return false;
  for (const [key, { attached }] of engine.vfio.groups) {
    if (attached === true && groupNumber(key) === group) return true;
  }
  // A device that is bound to an iommufd makes its user the owner of the whole group.
  for (const { address, bound } of engine.vfio.functions.values()) {
    if (typeof bound === 'object' && engine.machine.find(address)?.group === group) return true;
  }
  return false;
}
