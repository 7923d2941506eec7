/**
 * Functions that come and go (kernel drivers/pci/bus.c, drivers/pci/remove.c, drivers/base/core.c
 * 6.1).
 */
import type { Kernel } from '../kernel.js';
import { DEVICE, FAULT, GLOBAL, REMOVED, REMOVING } from '../layout.js';
import type { Place } from '../place.js';
import { gives, joined, procedure, takes, waits } from '../steps.js';
import { VDEV } from '../vfio-cells.js';
import { deviceLock } from './attach.js';
import { ALL_DRIVERS, SYNCHRONOUS_FIRST, undeferProbe } from './deferral.js';
import { findFunction } from './files.js';
import { initPower, isPowered } from './power/counts.js';
import { sendUevent } from './send-uevent.js';

/** As the argument of a removal: no probe sees it begin. */
const UNSEEN = 1;

export const rescanRemoveLock = (): number => GLOBAL.rescanRemove;

/** `reset_lock` of the slot that the function is in. */
export const slotLock = (k: Kernel): number => k.dev + DEVICE.slotLock;

/** A record for a function that comes into being; others may still hold the one before. */
export const newDevice = (k: Kernel, place: Place): number =>
  k.recordsOf(place).find((dev) => k.get(dev + DEVICE.present) === 0) ?? 0;

export const DEVICES = [
  /** `device_add` of a function: it can be found, and no driver matches yet. */
  procedure('pci_device_add', {
    enter: (k) => {
      const { dev } = k;
      const { address, ids } = k.placeOf(dev);
      k.set(dev + DEVICE.present, 1);
      k.recorder?.added(k.thread, address, ids);
      if (isPowered(k, dev)) initPower(k, dev);
    },
    register: (k) => {
      const { dev } = k;
      if (k.findDevice(k.placeOf(dev)) !== 0) k.fault(FAULT.addedTwice);
      k.deviceList.push(dev);
      k.show(dev);
    },
    // The notifier of the IOMMU comes when the function can be found already.
    group: (k) => {
      const { dev } = k;
      k.point('add_device_to_group', dev, 0, k.placeOf(dev).group);
      k.point('attach_device_to_domain', dev);
    },
    // vfio-pci keeps the VFs of a PF that it has for itself (vfio_pci_bus_notifier).
    capture: (k) => {
      const { physfn } = k.placeOf(k.dev);
      const pf = k.findDevice(physfn);
      const drv = pf === 0 ? 0 : k.get(pf + DEVICE.driver);
      const driver = drv === 0 ? null : k.driverAt(drv);
      if (driver?.model.vfioPci)
        k.set(k.dev + DEVICE.override, k.world.overrideNumber(driver.name));
      if (k.udev !== null) return undefined;
      sendUevent(k, k.dev, 'add');
      return k.done(0);
    },
    // Where udev may act on it, the uevent has a step of its own.
    announce: (k) => {
      sendUevent(k, k.dev, 'add');
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
      if (!k.rules.probesLater) return k.call('__device_attach', dev, 0, ALL_DRIVERS);
      if (k.get(GLOBAL.autoprobeOff) !== 0) return undefined;
      return k.call('__device_attach', dev, 0, SYNCHRONOUS_FIRST);
    },
    added: (k) => {
      k.set(k.dev + DEVICE.added, 1);
      k.done(0);
    },
  }),

  /** `pci_stop_and_remove_bus_device`: releases the driver, then deletes the function. */
  procedure('pci_stop_and_remove_bus_device', {
    enter: (k) => {
      if (k.arg !== UNSEEN) k.point('pci_stop_and_remove_bus_device', k.dev);
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
        k.call(isPowered(k, dev) ? 'delete_with_power' : 'device_release_driver_internal', dev);
      },
    ),
    gone: (k) => {
      const { dev } = k;
      undeferProbe(k, dev);
      k.set(dev + DEVICE.removal, REMOVED);
      k.set(k.vdev(dev) + VDEV.used, 0);
      k.point('remove_device_from_group', dev, 0, k.placeOf(dev).group);
      sendUevent(k, dev, 'remove');
      k.freeIfUnused(dev);
      k.done(0);
    },
  }),

  /** A slot reports that its functions have come. */
  procedure('plug', {
    find: (k) => {
      for (const place of k.operation.arrivals) k.set(k.pluggedAt(place), 1);
    },
    lock: takes(rescanRemoveLock, (k) => {
      k.call('pci_rescan_bus', 0, 0, k.arg);
    }),
    unlock: gives(rescanRemoveLock, (k) => k.done(0)),
  }),

  /**
   * Adds what is in the slots that the operation names and not yet on the bus; when all of it can
   * be found, drivers are tried. Functions without a place of their own come with their PF.
   */
  procedure('pci_rescan_bus', {
    scan: (k) => {
      const place = k.operation.arrivals[k.i];
      if (place === undefined) return 'probe';
      k.i++;
      const isNew = k.get(k.pluggedAt(place)) !== 0 && k.findDevice(place) === 0;
      if (!isNew) return 'scan';
      return k.call('pci_device_add', newDevice(k, place), 0, 0, 'scan');
    },
    probe: joined((k) => {
      k.i = 0;
    }),
    next: (k) => {
      const place = k.operation.arrivals[k.i];
      if (place === undefined) return k.done(0);
      k.i++;
      const dev = k.findDevice(place);
      if (dev === 0 || k.get(dev + DEVICE.added) !== 0) return 'next';
      return k.call('pci_bus_add_device', dev, 0, 0, 'next');
    },
  }),

  /** A slot reports that its function is to go. */
  procedure('unplug', {
    find: (k) => {
      const { place } = k.operation;
      if (place !== null) k.set(k.pluggedAt(place), 0);
      return k.hasBug('slotLockHeldByRemoval') && findFunction(k) ? 'slot' : 'lock';
    },
    lock: takes(rescanRemoveLock, (k) => {
      if (!findFunction(k)) return 'unlock';
      return k.call('pci_stop_and_remove_bus_device', k.dev);
    }),
    put: joined((k) => k.put(k.dev)),
    unlock: gives(rescanRemoveLock, (k) => k.done(0)),
    slot: takes(slotLock),
    lockInSlot: takes(rescanRemoveLock, (k) => {
      k.call('pci_stop_and_remove_bus_device', k.dev);
    }),
    unlockInSlot: gives(rescanRemoveLock),
    unlockSlot: gives(slotLock, (k) => {
      k.put(k.dev);
      return k.done(0);
    }),
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
      const { action } = k.operation.spec;
      const isSeen = action.type !== 'removal' || action.isSeen;
      k.call('pci_stop_and_remove_bus_device', k.dev, 0, isSeen ? 0 : UNSEEN);
    }),
    put: joined((k) => k.put(k.dev)),
    unlock: gives(rescanRemoveLock, (k) => k.done(0)),
  }),
];
