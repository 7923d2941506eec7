/**
 * Sets of functions that are reset together, as a hot reset of them and a close need them (kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.12).
 */
import type { Kernel } from '../../kernel.js';
import { DEVICE } from '../../layout.js';
import { VDEV } from '../../vfio-cells.js';
import { vdevOf } from './common.js';

/** Functions that are reset together with one, those that VFIO got first are first. */
export function functionsWith(k: Kernel, one: number): number[] {
  const { set } = k.placeOf(one);
  const found: number[] = [];
  for (let i = 0; i < k.deviceList.length; i++) {
    const dev = k.deviceList.at(i);
    if (k.get(dev + DEVICE.visible) !== 0 && k.placeOf(dev).set === set) found.push(dev);
  }
  if (!k.world.resetsSets) return found;
  const rank = (dev: number) => k.get(k.vdev(dev) + VDEV.rank) || Number.MAX_SAFE_INTEGER;
  return found.sort((a, b) => rank(a) - rank(b));
}

/** Functions that are reset together with the device. */
export const functionsOf = (k: Kernel): number[] => functionsWith(k, k.dev);

/** Whether the driver that a function has is one of VFIO. */
export function isOwnedByVfio(k: Kernel, dev: number): boolean {
  const drv = k.get(dev + DEVICE.driver);
  return drv !== 0 && k.driverAt(drv).model.vfioPci;
}

/**
 * `vfio_pci_dev_set_try_reset`: functions that cannot be reset alone are reset together, when
 * nobody else has one of them open and all of them are of VFIO.
 * @returns whether they are
 */
export function resetSet(k: Kernel): boolean {
  if (k.placeOf(k.dev).hardware.reset === 0) return false;
  const all = functionsOf(k);
  const users = all.reduce((sum, dev) => sum + k.get(k.vdev(dev) + VDEV.opens), 0);
  const own = k.hasBug('resetCountsOwnOpen') ? 0 : 1;
  k.set(vdevOf(k) + VDEV.used, 1);
  if (users > own || !all.every((dev) => isOwnedByVfio(k, dev))) return false;
  for (const dev of all) k.set(k.vdev(dev) + VDEV.used, 0);
  return true;
}
