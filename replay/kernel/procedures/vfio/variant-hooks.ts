/** The hooks of a device's driver, when that is a variant of vfio-pci, and what it keeps. */
import {
  type OtherFunction,
  type Own,
  parametersFor,
  type Variant,
  VGPU_PROPERTY,
} from '../../../model/drivers/index.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE } from '../../layout.js';
import { foundAt } from '../../place.js';
import { VDEV } from '../../vfio-cells.js';
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

/** Why a variant does not open a device: 0 or a negative errno. */
export function refusesOpen(k: Kernel, dev: number): number {
  const { variant = null } = k.driverOn(dev).model;
  if (variant?.opens === undefined) return 0;
  // What a recorded driver went by may not be recorded.
  if (k.natives !== null) return k.natives.failure(k.thread);
  const own = probeVariant(k, dev, variant);
  return typeof own === 'number' ? 0 : variant.opens(own);
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
  const type = k.get(k.vdev(dev) + VDEV.vgpuType);
  const chosen = type === 0 ? {} : { [VGPU_PROPERTY.CHOSEN]: type };
  const properties = { ...hardware.properties, ...chosen };
  const { version } = k.rules;
  const parameters = parametersFor(k.driverOn(dev).model, version, k.world.parameters);
  return variant.probe({
    fn: pci,
    config,
    properties,
    parameters,
    version,
    at: (address) => otherAt(k, address),
  });
}

/** Another function of the machine that is there now. */
function otherAt(k: Kernel, address: string): OtherFunction | null {
  const place = k.world.place(address);
  return place === null || k.findDevice(place) === 0 ? null : foundAt(place);
}

/** Why vfio-pci-core does not enable the device: 0 or a negative errno. */
export function refusesEnable(k: Kernel, dev: number): number {
  const { variant = null } = k.driverOn(dev).model;
  if (variant?.enables === undefined) return 0;
  const own = probeVariant(k, dev, variant);
  return typeof own === 'number' ? 0 : variant.enables(own);
}
