/** Whether a group is viable, and whether VFIO has it. */
import { driverModel } from '../../model/drivers/index.js';
import { certainly, only } from '../../model/possible.js';
import type { Engine } from '../engine/engine.js';
import { groupNumber } from './group-keys.js';

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
  return false;
}
