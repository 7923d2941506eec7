/** Trying drivers on functions (kernel drivers/base/dd.c 6.1). */
import { attachResult } from '../../model/binding/attach-result.js';
import type { Kernel } from '../kernel.js';
import { DEVICE, DRIVER } from '../layout.js';
import type { OrderedList } from '../ordered-list.js';
import { gives, joined, procedure, takes } from '../steps.js';
import { ALL_DRIVERS, ASYNCHRONOUS_ONLY, SYNCHRONOUS_FIRST } from './deferral.js';

export const deviceLock = (k: Kernel): number => k.dev + DEVICE.lock;

/**
 * The next entry of one of the bus's lists that is still on it (`klist_next`).
 * @param after an entry; 0 for the first one
 * @param member the member of an entry that says whether it is still on the list
 */
function nextOf(k: Kernel, list: OrderedList, after: number, member: number): number {
  for (let at = after === 0 ? 0 : list.indexOf(after) + 1; at < list.length; at++) {
    const next = list.at(at);
    if (k.get(next + member) !== 0) return next;
  }
  return 0;
}

/** Whether a pass leaves a driver to another pass. */
function isLeftOut(k: Kernel, drv: number): boolean {
  if (k.arg === ALL_DRIVERS) return false;
  return (k.get(drv + DRIVER.async) !== 0) !== (k.arg === ASYNCHRONOUS_ONLY);
}

export const ATTACH = [
  procedure('device_driver_attach', {
    enter: (k) => {
      k.begin('device_driver_attach', k.dev, k.drv);
    },
    lock: takes(deviceLock, (k) => {
      k.call('__driver_probe_device', k.dev, k.drv);
    }),
    unlock: gives(deviceLock),
    exit: joined((k) => {
      const ret = attachResult(k.ret);
      k.end(ret);
      k.done(ret);
    }),
  }),

  /**
   * Tries the drivers in the order of their registration until one binds the function. Returns 1
   * when it has a driver, 0 when not, or the error that ended the pass. The argument selects the
   * drivers to try.
   */
  procedure('__device_attach', {
    lock: takes(deviceLock),
    check: joined((k) => {
      const { dev } = k;
      if (k.get(dev + DEVICE.dead) !== 0 && !k.hasBug('probesRemoved')) return 'unlock';
      if (k.get(dev + DEVICE.driver) === 0) return undefined;
      k.i = 1;
      return 'unlock';
    }),
    next: (k) => {
      const { drv } = k;
      const next = nextOf(k, k.driverList, drv, DRIVER.listed);
      if (drv !== 0) k.add(drv + DRIVER.walkers, -1);
      k.drv = next;
      if (next === 0) return 'unlock';
      k.add(next + DRIVER.walkers, 1);
      return k.call('pci_bus_match', k.dev, next);
    },
    try: joined((k) => {
      const { dev, drv } = k;
      if (k.ret === 0) return 'next';
      if (!isLeftOut(k, drv)) return k.call('driver_probe_device', dev, drv);
      if (k.arg === SYNCHRONOUS_FIRST) k.n = 1;
      return 'next';
    }),
    tried: (k) => {
      const { ret, drv } = k;
      if (ret > 0) return 'next';
      k.add(drv + DRIVER.walkers, -1);
      k.drv = 0;
      k.i = ret === 0 ? 1 : ret;
      return undefined;
    },
    unlock: gives(deviceLock, (k) => {
      const { dev, i, n } = k;
      if (n === 1 && i === 0 && k.queueWork('__device_attach_async_helper', dev, 0)) k.hold(dev);
      k.done(i);
    }),
  }),

  procedure('__device_attach_async_helper', {
    attach: (k) => {
      k.call('__device_attach', k.dev, 0, ASYNCHRONOUS_ONLY);
    },
    put: (k) => {
      k.put(k.dev);
      k.done(0);
    },
  }),

  /** Tries a driver on every function on the bus that it matches. */
  procedure('driver_attach', {
    next: (k) => {
      const { dev } = k;
      const next = nextOf(k, k.deviceList, dev, DEVICE.visible);
      if (next !== 0) k.hold(next);
      if (dev !== 0) k.put(dev);
      k.dev = next;
      if (next === 0) return k.done(0);
      if (k.hasBug('matchTakesDeviceLock')) return 'lockToMatch';
      return k.call('pci_bus_match', next, k.drv);
    },
    matched: joined((k) => (k.ret === 0 ? 'next' : undefined)),
    lock: takes(deviceLock, (k) => {
      const { dev, drv } = k;
      if (k.get(drv + DRIVER.async) === 0) return k.call('driver_probe_device', dev, drv);
      const isFree = k.get(dev + DEVICE.driver) === 0 && k.get(dev + DEVICE.asyncDriver) === 0;
      if (!isFree) return undefined;
      if (!k.queueWork('__driver_attach_async_helper', dev, 0)) {
        return k.call('driver_probe_device', dev, drv);
      }
      k.hold(dev);
      k.set(dev + DEVICE.asyncDriver, drv);
    }),
    unlock: gives(deviceLock, () => 'next'),
    lockToMatch: takes(deviceLock, (k) => {
      k.call('pci_bus_match', k.dev, k.drv);
    }),
    unlockMatched: gives(deviceLock, (k) => (k.ret === 0 ? 'next' : 'lock')),
  }),

  procedure('__driver_attach_async_helper', {
    lock: takes(deviceLock, (k) => {
      const { dev } = k;
      const drv = k.get(dev + DEVICE.asyncDriver);
      k.set(dev + DEVICE.asyncDriver, 0);
      k.call('driver_probe_device', dev, drv);
    }),
    unlock: gives(deviceLock),
    put: (k) => {
      k.put(k.dev);
      k.done(0);
    },
  }),
];
