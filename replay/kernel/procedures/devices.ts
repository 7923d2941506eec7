/**
 * Functions that come and go (kernel drivers/pci/bus.c, drivers/pci/remove.c, drivers/base/core.c
 * 6.1).
 */
import type { Kernel } from '../kernel.js';
import { DEVICE, FAULT, GLOBAL } from '../layout.js';
import type { Place } from '../place.js';
import { gives, joined, procedure, takes, waits } from '../steps.js';
import { deviceLock } from './attach.js';
import { ALL_DRIVERS, SYNCHRONOUS_FIRST, undeferProbe } from './deferral.js';
import { findFunction } from './files.js';

/** What `DEVICE.removal` holds. */
const REMOVING = 1;
const REMOVED = 2;

export const rescanRemoveLock = (): number => GLOBAL.rescanRemove;

/** A record for a function that comes into being; others may still hold the one before. */
export function newDevice(k: Kernel, place: Place): number {
  for (let life = 0; life < k.lives; life++) {
    const dev = k.deviceRecord(place, life);
    if (k.get(dev + DEVICE.present) === 0) return dev;
  }
  return 0;
}

export const DEVICES = [
  /** `device_add` of a function: it can be found, and no driver matches yet. */
  procedure('pci_device_add', {
    enter: (k) => {
      const { dev } = k;
      const { address, ids } = k.placeOf(dev);
      k.set(dev + DEVICE.present, 1);
      k.recorder?.added(k.thread, address, ids);
    },
    register: (k) => {
      const { dev } = k;
      k.deviceList.push(dev);
      k.show(dev);
    },
    // The notifier of the IOMMU comes when the function can be found already.
    group: (k) => {
      const { dev } = k;
      k.point('add_device_to_group', dev, 0, k.placeOf(dev).group);
      k.point('attach_device_to_domain', dev);
      k.done(0);
    },
  }),

  procedure('pci_bus_add_device', {
    enter: (k) => {
      k.point('pci_bus_add_device', k.dev);
    },
    allow: (k) => {
      const { dev } = k;
      k.set(dev + DEVICE.bindable, 1);
      const pass = k.rules.probesLater ? SYNCHRONOUS_FIRST : ALL_DRIVERS;
      k.call('__device_attach', dev, 0, pass);
    },
    added: (k) => {
      k.set(k.dev + DEVICE.added, 1);
      k.done(0);
    },
  }),

  /** `pci_stop_and_remove_bus_device`: releases the driver, then deletes the function. */
  procedure('pci_stop_and_remove_bus_device', {
    enter: (k) => {
      k.point('pci_stop_and_remove_bus_device', k.dev);
    },
    stop: (k) => {
      const { dev } = k;
      const removal = k.get(dev + DEVICE.removal);
      // A thread that waited for the lock of the removal finds nothing left to do.
      if (removal === REMOVED) return k.done(0);
      if (removal === REMOVING) k.fault(FAULT.removedTwice);
      k.set(dev + DEVICE.removal, REMOVING);
      if (k.get(dev + DEVICE.added) === 0) return undefined;
      k.set(dev + DEVICE.added, 0);
      return k.call('device_release_driver_internal', dev);
    },
    kill: takes(deviceLock, (k) => {
      k.set(k.dev + DEVICE.dead, 1);
    }),
    killed: gives(deviceLock),
    drain: waits(
      (k) => k.get(k.dev + DEVICE.stores) === 0,
      (k) => `writes to attributes of ${k.placeOf(k.dev).address} to end`,
      (k) => {
        const { dev } = k;
        k.hide(dev);
        k.set(dev + DEVICE.bindable, 0);
        k.call('device_release_driver_internal', dev);
      },
    ),
    gone: (k) => {
      const { dev } = k;
      undeferProbe(k, dev);
      k.set(dev + DEVICE.removal, REMOVED);
      k.point('remove_device_from_group', dev, 0, k.placeOf(dev).group);
      k.freeIfUnused(dev);
      k.done(0);
    },
  }),

  /** A slot reports that a function was plugged in. */
  procedure('plug', {
    lock: takes(rescanRemoveLock, (k) => {
      const { place } = k.operation;
      if (place === null || k.findDevice(place) !== 0) return 'unlock';
      k.dev = newDevice(k, place);
      k.hold(k.dev);
      return k.call('pci_device_add', k.dev);
    }),
    ready: joined((k) => k.call('pci_bus_add_device', k.dev)),
    put: joined((k) => k.put(k.dev)),
    unlock: gives(rescanRemoveLock, (k) => k.done(0)),
  }),

  /** A slot reports that its function is to be removed. */
  procedure('unplug', {
    lock: takes(rescanRemoveLock, (k) => {
      if (!findFunction(k)) return 'unlock';
      return k.call('pci_stop_and_remove_bus_device', k.dev);
    }),
    put: joined((k) => k.put(k.dev)),
    unlock: gives(rescanRemoveLock, (k) => k.done(0)),
  }),

  /**
   * A removal that was recorded: by a slot, or by a write of `remove`. The writing thread has found
   * the function before it has the lock, and may be too late.
   */
  procedure('removal', {
    find: (k) => {
      if (!findFunction(k)) return k.done(0);
    },
    lock: takes(rescanRemoveLock, (k) => {
      k.call('pci_stop_and_remove_bus_device', k.dev);
    }),
    put: joined((k) => k.put(k.dev)),
    unlock: gives(rescanRemoveLock, (k) => k.done(0)),
  }),
];
