/** Invariants of power management after every step, and after all threads have ended. */
import { isAsleep } from '../model/power/power-state.js';
import { isChanging, RPM } from '../model/power/runtime-pm.js';
import { isLowPower } from '../model/vfio-pci-core/open-device.js';
import type { Kernel } from './kernel.js';
import { DEVICE, POWER } from './layout.js';
import { idlesInD0 } from './procedures/power/idle-parameter.js';
import { VDEV } from './vfio-cells.js';

/** Records of functions that are in use and have power management. */
function* devices(k: Kernel): Generator<number> {
  for (const place of k.world.places) {
    if (place.mediated) continue;
    for (const dev of k.recordsOf(place)) if (k.get(dev + DEVICE.present) !== 0) yield dev;
  }
}

/** @returns what is wrong, for people; empty if nothing is */
export function brokenPower(k: Kernel): string[] {
  const broken: string[] = [];
  for (const dev of devices(k)) {
    const { address } = k.placeOf(dev);
    const of = (member: keyof typeof POWER) => k.get(k.power(dev) + POWER[member]);
    if (of('usage') < 0) broken.push(`${address} is in use less than never`);
    if (of('request') !== 0 && of('pending') === 0) broken.push(`${address} lost a request`);
    const vdev = k.vdev(dev);
    const open = k.vfio.openDevice(vdev);
    if (open === null) continue;
    if (open.power !== of('state')) broken.push(`${address} has two power states`);
    // A thread that opens or closes it holds the lock of its set.
    const isStable = k.get(k.vfio.setLock(k.placeOf(dev))) === 0;
    const sleeps = of('status') === RPM.SUSPENDED || of('status') === RPM.SUSPENDING;
    if (isStable && sleeps && !isLowPower(open))
      broken.push(`${address} is open, and was suspended`);
    const isMapped =
      k.vfio.pages(vdev).length > 0 || open.mappings.some((m) => m.populated && m.kept !== true);
    if (isMapped && isAsleep(of('state'))) broken.push(`${address} sleeps, and is still mapped`);
  }
  return broken;
}

/** Uses of a function when nothing is under way. */
function usersOf(k: Kernel, dev: number): number {
  const forbidden = k.get(k.power(dev) + POWER.forbidden);
  const drv = k.get(dev + DEVICE.driver);
  if (drv === 0) return forbidden;
  if (!k.driverAt(drv).model.vfioPci) return forbidden + 1;
  const kept = Number(idlesInD0(k, dev));
  const open = k.vfio.openDevice(k.vdev(dev));
  const ofOpen = open === null ? 0 : 1 - kept - Number(isLowPower(open));
  return forbidden + kept + ofOpen + Number(k.get(dev + DEVICE.numVfs) > 0);
}

/** What must hold, too, when no thread has anything to do any more. */
export function leftAwake(k: Kernel): string[] {
  const left: string[] = [];
  for (const dev of devices(k)) {
    const { address } = k.placeOf(dev);
    const of = (member: keyof typeof POWER) => k.get(k.power(dev) + POWER[member]);
    const users = usersOf(k, dev);
    if (of('usage') !== users) left.push(`${address} has ${of('usage')} users, and not ${users}`);
    if (isChanging(of('status'))) left.push(`${address} is still being suspended or resumed`);
    for (const member of ['pending', 'request', 'notifying', 'ofSet'] as const) {
      if (of(member) !== 0) left.push(`${address} still has ${member}`);
    }
    if (of('wake') !== 0 && k.get(k.vdev(dev) + VDEV.open) === 0) {
      left.push(`${address} would wake somebody who has closed it`);
    }
  }
  return left;
}
