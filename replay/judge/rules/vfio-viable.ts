/** Whether a group can be given to a user. */
import { driverModel } from '../../model/drivers/index.js';
import { certainly, only } from '../../model/possible.js';
import type { Engine } from '../engine/engine.js';

/** Whether all devices of an IOMMU group may be given to a user; null when that is not known. */
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
