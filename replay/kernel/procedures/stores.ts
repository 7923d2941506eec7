/**
 * What user space writes to bind and unbind (kernel drivers/base/bus.c, drivers/base/driver.c,
 * drivers/pci/pci-sysfs.c 6.1, 7.1).
 */
import { ERRNO } from '../../../traces/index.js';
import type { Kernel } from '../kernel.js';
import { DEVICE, DRIVER, FREED, GLOBAL, replacedBy } from '../layout.js';
import { gives, joined, procedure, takes } from '../steps.js';
import { deviceLock } from './attach.js';
import { ALL_DRIVERS } from './deferral.js';
import { rescanRemoveLock } from './devices.js';
import {
  enterBusFile,
  enterDeviceFile,
  enterDriverFile,
  findFunction,
  leave,
  leaveBusFile,
} from './files.js';

/** Longest text of an override: a page less its end (kernel drivers/base/driver.c 6.1). */
const OVERRIDE_MAX = 4095;

/**
 * The pointers of threads that have read the override and not yet compared it go from one state to
 * another: `dev` while it is the current one, then the writer that has replaced it, then freed.
 */
function moveReaders(k: Kernel, from: (reader: number) => boolean, to: number): void {
  for (let thread = 0; thread < k.threads; thread++) {
    const reader = k.readerAt(k.placeOf(k.dev), thread);
    if (from(k.get(reader))) k.set(reader, to);
  }
}

export const STORES = [
  procedure('bind', {
    enter: (k) => void enterDriverFile(k),
    find: (k) => {
      if (!findFunction(k)) return leave(k, -ERRNO.ENODEV);
      k.call('pci_bus_match', k.dev, k.drv);
    },
    attach: joined((k) => {
      if (k.ret === 0) return leave(k, -ERRNO.ENODEV);
      k.call('device_driver_attach', k.dev, k.drv);
    }),
    exit: (k) => leave(k, k.ret === 0 ? k.operation.count : k.ret),
  }),

  /** The driver is read before the lock is taken, and whichever is bound then is released. */
  procedure('unbind', {
    enter: (k) => void enterDriverFile(k),
    find: (k) => {
      if (!findFunction(k)) return leave(k, -ERRNO.ENODEV);
      if (k.get(k.dev + DEVICE.driver) !== k.drv) return leave(k, -ERRNO.ENODEV);
      k.call('device_release_driver_internal', k.dev);
    },
    exit: (k) => leave(k, k.operation.count),
  }),

  procedure('drivers_probe', {
    enter: (k) => enterBusFile(k),
    find: (k) => {
      if (!findFunction(k)) return leaveBusFile(k, -ERRNO.ENODEV);
    },
    /** The lock is not taken for a function that has a driver, or is just being tried. */
    attach: (k) => {
      if (k.get(k.dev + DEVICE.driver) !== 0) return leaveBusFile(k, k.operation.count);
      k.call('__device_attach', k.dev, 0, ALL_DRIVERS);
    },
    exit: (k) => leaveBusFile(k, k.ret < 0 ? -ERRNO.EINVAL : k.operation.count),
  }),

  procedure('driver_override', {
    enter: (k) => {
      if (!enterDeviceFile(k)) return undefined;
      if (k.operation.count >= OVERRIDE_MAX) return leave(k, -ERRNO.EINVAL);
    },
    set: (k) => {
      if (!k.rules.overrideTakesDeviceLock) {
        k.set(k.dev + DEVICE.override, k.operation.meaning);
        return 'exit';
      }
      const { store } = k.operation;
      if (store !== null) {
        k.recorder?.beginStore(k.thread, { ...store, name: 'driver_set_override', driver: null });
      }
      return undefined;
    },
    lock: takes(deviceLock, (k) => {
      k.set(k.dev + DEVICE.override, k.operation.meaning);
      moveReaders(k, (reader) => reader === k.dev, replacedBy(k.thread));
    }),
    unlock: gives(deviceLock),
    free: (k) => {
      moveReaders(k, (reader) => reader === replacedBy(k.thread), FREED);
      k.end(0);
    },
    exit: (k) => leave(k, k.operation.count),
  }),

  /** A write of no bytes to an attribute that is there, which does nothing and returns 0. */
  procedure('empty_write', {
    enter: (k) => {
      const { action } = k.operation.spec;
      if (action.type !== 'write') return k.done(-ERRNO.EINVAL);
      const { attribute, address, driver } = action;
      const isThere =
        (address === null || attribute === 'create' || k.findDevice(k.operation.place) !== 0) &&
        (driver === null || k.get(k.driverRecord(k.operation.driver!) + DRIVER.files) !== 0);
      return k.done(isThere ? 0 : -ERRNO.ENOENT);
    },
  }),

  /** The flag has no lock. */
  procedure('sriov_drivers_autoprobe', {
    enter: (k) => {
      if (!enterDeviceFile(k)) return undefined;
      if (k.operation.meaning < 0) return leave(k, -ERRNO.EINVAL);
    },
    set: (k) => {
      k.set(k.dev + DEVICE.autoprobeOff, 1 - k.operation.meaning);
    },
    exit: (k) => leave(k, k.operation.count),
  }),

  /** `drivers_autoprobe` of the bus, without a lock. */
  procedure('drivers_autoprobe', {
    set: (k) => {
      k.set(GLOBAL.autoprobeOff, 1 - k.operation.meaning);
      k.done(k.operation.count);
    },
  }),

  /** `rescan` of the bus, or of a function: what is in its slot and not on the bus comes back. */
  procedure('rescan', {
    enter: (k) => {
      if (k.operation.meaning === 0) return k.done(k.operation.count);
    },
    lock: takes(rescanRemoveLock, (k) => {
      k.call('pci_rescan_bus', 0, 0, k.arg);
    }),
    unlock: gives(rescanRemoveLock, (k) => k.done(k.operation.count)),
  }),

  /** The attribute takes itself away: a second write at the same time does nothing. */
  procedure('remove', {
    enter: (k) => {
      const dev = k.findDevice(k.operation.place);
      if (dev === 0) return k.done(-ERRNO.ENOENT);
      const isFirst = k.operation.meaning !== 0 && k.get(dev + DEVICE.leaving) === 0;
      if (!isFirst) return k.done(k.operation.count);
      k.set(dev + DEVICE.leaving, 1);
      k.dev = dev;
      k.hold(dev);
    },
    lock: takes(rescanRemoveLock, (k) => {
      k.call('pci_stop_and_remove_bus_device', k.dev);
    }),
    unlock: gives(rescanRemoveLock),
    exit: joined((k) => {
      k.put(k.dev);
      k.done(k.operation.count);
    }),
  }),
];
