/**
 * Deferred probes (kernel drivers/base/dd.c 6.1). No thread sleeps while it holds the mutex of
 * their lists.
 */
import type { Kernel } from '../kernel.js';
import { ACTIVE, DEVICE, GLOBAL, PENDING } from '../layout.js';
import { joined, procedure } from '../steps.js';

/** `driver_deferred_probe_add`. */
export function deferProbe(k: Kernel, dev: number): void {
  k.point('driver_deferred_probe_add', dev);
  if (k.get(dev + DEVICE.deferred) !== 0) return;
  k.deferred[PENDING].push(dev);
  k.set(dev + DEVICE.deferred, PENDING);
}

/** `driver_deferred_probe_del`. */
export function undeferProbe(k: Kernel, dev: number): void {
  const list = k.get(dev + DEVICE.deferred);
  if (list === 0) return;
  k.deferred[list as typeof PENDING].remove(dev);
  k.set(dev + DEVICE.deferred, 0);
}

/**
 * `driver_deferred_probe_trigger`: everything pending becomes active, and the work runs. The
 * counter shows threads that are about to add to the pending list that they are too late.
 */
export function triggerDeferred(k: Kernel): void {
  if (!k.canDefer) return;
  if (k.get(GLOBAL.probing) > 0) k.add(GLOBAL.triggers, 1);
  const pending = k.deferred[PENDING];
  while (pending.length > 0) {
    const dev = pending.at(0);
    pending.remove(dev);
    k.deferred[ACTIVE].push(dev);
    k.set(dev + DEVICE.deferred, ACTIVE);
  }
  const isIdle = k.nextStep(k.deferredWorker) === null;
  if (isIdle && k.deferred[ACTIVE].length > 0) {
    k.start(k.deferredWorker, 'deferred_probe_work_func', 0, 0, 0);
  }
}

export const DEFERRAL = [
  procedure('deferred_probe_work_func', {
    next: (k) => {
      const active = k.deferred[ACTIVE];
      if (active.length === 0) return k.done(0);
      const dev = active.at(0);
      undeferProbe(k, dev);
      k.hold(dev);
      k.dev = dev;
      // `bus_probe_device` leaves it alone while the bus probes nothing by itself.
      if (k.get(GLOBAL.autoprobeOff) === 0) k.call('__device_attach', dev, 0, SYNCHRONOUS_FIRST);
    },
    put: joined((k) => {
      k.put(k.dev);
      k.dev = 0;
      return 'next';
    }),
  }),
];

/** Which drivers a pass over the list of drivers tries, as the argument of `__device_attach`. */
export const ALL_DRIVERS = 0;
/**
 * Drivers that probe asynchronously are left to a work item, if no other driver binds the function.
 */
export const SYNCHRONOUS_FIRST = 1;
export const ASYNCHRONOUS_ONLY = 2;
