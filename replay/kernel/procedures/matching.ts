/** Whether a driver matches a function (kernel drivers/pci/pci-driver.c 6.1). */
import { matchesWith } from '../../model/binding/autoprobe-gate.js';
import { covers } from '../../model/binding/pci-ids.js';
import type { Kernel } from '../kernel.js';
import { DEVICE, FAULT, FREED } from '../layout.js';
import { joined, procedure } from '../steps.js';

/** Whether a driver's tables claim a function: its dynamic ids, then its static table. */
function claims(k: Kernel, dev: number, drv: number): boolean {
  const driver = k.driverAt(drv);
  const place = k.placeOf(dev);
  const { dynamicIds } = k.world;
  for (let id = 0; id < dynamicIds.length; id++) {
    if (k.get(k.dynamicId(driver, id)) === 0) continue;
    if (covers(dynamicIds[id], place.ids) === true) return true;
  }
  return driver.claims[place.index];
}

/** `pci_match_device` with what the override is now. */
export const matches = (k: Kernel, dev: number, drv: number): boolean =>
  // Mediated devices match no driver: that of their parent is attached to them.
  !k.placeOf(dev).mediated &&
  matchesWith(k.driverAt(drv).name, k.overrideOf(dev), () => claims(k, dev, drv));

export const MATCHING = [
  /**
   * `pci_bus_match`: returns 1 for a match. Up to 7.0, threads without the device lock read the
   * override and compare it afterwards, when it may be freed.
   */
  procedure('pci_bus_match', {
    read: (k) => {
      const { dev, drv } = k;
      if (k.get(dev + DEVICE.bindable) === 0) return k.done(0);
      const override = k.get(dev + DEVICE.override);
      const safe = !k.rules.overrideTakesDeviceLock || k.holds(dev + DEVICE.lock);
      if (safe || override === 0) return k.done(Number(matches(k, dev, drv)));
      k.was = override;
      k.set(k.readerAt(k.placeOf(dev), k.thread), dev);
    },
    compare: (k) => {
      const reader = k.readerAt(k.placeOf(k.dev), k.thread);
      if (k.get(reader) === FREED) k.fault(FAULT.overrideUseAfterFree);
      k.set(reader, 0);
    },
    answer: joined((k) => {
      k.done(Number(k.world.overrides[k.was] === k.driverAt(k.drv).name));
    }),
  }),
];
