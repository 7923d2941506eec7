/** The hooks of a device's driver, when that is a variant of vfio-pci, and what it keeps. */
import type { Own, Variant } from '../../../model/drivers/index.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE } from '../../layout.js';
import { actionOf } from './common.js';

/** The hooks, with what the driver keeps of the open device; null without a variant. */
export function variantOf(k: Kernel, dev: number): { variant: Variant; own: Own } | null {
  const drv = k.get(dev + DEVICE.driver);
  const variant = drv === 0 ? null : k.driverAt(drv).model.variant;
  const own = k.vfio.openDevice(k.vdev(dev))?.own ?? null;
  return variant === null || own === null ? null : { variant, own };
}

/** Whether a read or a write of the thread comes to a function of a variant's own. */
export function hasDoor(k: Kernel, dev: number): boolean {
  const { write } = actionOf<'access'>(k);
  const doors = variantOf(k, dev)?.variant.doors;
  return (write ? doors?.write : doors?.read) !== undefined;
}

/** The driver keeps something else from now on. */
export function keepOwn(k: Kernel, dev: number, own: Own | undefined): void {
  if (own === undefined) return;
  k.vfio.changeDevice(k.vdev(dev), (draft) => {
    draft.own = own;
  });
}

/**
 * A variant's part of probing.
 * @returns what it keeps of the device, or the negative errno with which its probe fails
 */
export function probeVariant(k: Kernel, dev: number, variant: Variant): Own | number {
  const { pci, config, hardware } = k.placeOf(dev);
  const { properties = {} } = hardware;
  return variant.probe({ fn: pci, config, properties, version: k.rules.version });
}
