/** Modules of drivers that come and go (kernel drivers/base/bus.c, kernel/module/main.c 6.1). */
import { ERRNO } from '../../../traces/index.js';
import { idsAreTooLong } from '../../model/drivers/index.js';
import type { Kernel } from '../kernel.js';
import { BUSY, DEVICE, DRIVER, GLOBAL, LIVE } from '../layout.js';
import { procedure, waits } from '../steps.js';
import { VDEV } from '../vfio-cells.js';
import { loadIdleParameter } from './power/idle-parameter.js';

const driverOf = (k: Kernel): number => {
  const { driver } = k.operation;
  return driver === null ? 0 : k.driverRecord(driver);
};

function isAsync({ operation: { spec, driver } }: Kernel): boolean {
  const { action } = spec;
  const told = action.type === 'load' ? action.isAsync : undefined;
  return told ?? driver?.spec.isAsync === true;
}

/** How often mediated devices of a driver are open. */
function usersOfMdevs(k: Kernel, drv: number): number {
  let users = 0;
  for (let i = 0; i < k.deviceList.length; i++) {
    const dev = k.deviceList.at(i);
    if (k.get(dev + DEVICE.parent) === drv) users += k.get(k.vdev(dev) + VDEV.opens);
  }
  return users;
}

/** Workers that have an asynchronous probe to do. */
function busyWorkers(k: Kernel): number[] {
  const busy: number[] = [];
  for (let thread = k.deferredWorker + 1; thread < k.powerWorkers; thread++) {
    if (k.nextStep(thread) !== null) busy.push(thread);
  }
  return busy;
}

/**
 * `async_synchronize_full`: a thread that loads or unloads a module waits for all asynchronous
 * probes.
 */
const synchronizes = (then: (k: Kernel) => void) =>
  waits(
    (k) => busyWorkers(k).length === 0,
    () => 'asynchronous probes to end',
    then,
    busyWorkers,
  );

/** The function that was bound to a driver last; 0 when none is bound. */
function lastBound(k: Kernel, drv: number): number {
  for (let i = k.bindings.length - 1; i >= 0; i--) {
    const dev = k.bindings.at(i);
    if (k.get(dev + DEVICE.driver) === drv) return dev;
  }
  return 0;
}

export const MODULES = [
  procedure('load', {
    enter: (k) => {
      // A driver that loads another one names it; an actor does so by its operation.
      const isNested = k.drv !== 0;
      const drv = isNested ? k.drv : driverOf(k);
      if (k.get(drv + DRIVER.module) !== 0) return k.done(-ERRNO.EEXIST);
      if (idsAreTooLong(k.driverAt(drv).spec.parameters ?? {})) return k.done(-ERRNO.ENOSPC);
      k.set(drv + DRIVER.module, BUSY);
      k.set(drv + DRIVER.async, Number(isNested ? k.driverAt(drv).spec.isAsync : isAsync(k)));
      k.drv = drv;
      loadIdleParameter(k, k.driverAt(drv));
      k.beginOfDriver('bus_add_driver', drv);
    },
    list: (k) => {
      k.driverList.push(k.drv);
      k.set(k.drv + DRIVER.listed, 1);
      if (k.get(GLOBAL.autoprobeOff) === 0) k.call('driver_attach', 0, k.drv);
    },
    files: (k) => {
      k.set(k.drv + DRIVER.files, 1);
      k.end(0);
      return k.driverAt(k.drv).givenIds.length === 0 ? 'settle' : undefined;
    },
    // Each id of the parameters is tried on all functions before the next one counts.
    id: (k) => {
      const driver = k.driverAt(k.drv);
      const { i } = k;
      if (i === driver.givenIds.length) return undefined;
      k.add(k.dynamicId(driver, driver.givenIds[i]), 1);
      k.i = i + 1;
      return k.call('driver_attach', 0, k.drv, 0, 'id');
    },
    settle: synchronizes((k) => {
      k.set(k.drv + DRIVER.module, LIVE);
      k.done(0);
    }),
  }),

  procedure('unload', {
    enter: (k) => {
      const drv = driverOf(k);
      const state = k.get(drv + DRIVER.module);
      if (state !== LIVE) return k.done(state === 0 ? -ERRNO.ENOENT : -ERRNO.EBUSY);
      // An open device keeps the module of its driver.
      if (k.driverAt(drv).mdev !== null && usersOfMdevs(k, drv) > 0) return k.done(-ERRNO.EAGAIN);
      k.set(drv + DRIVER.module, BUSY);
      k.drv = drv;
      if (k.driverAt(drv).mdev !== null) return k.call('mdev_unregister_parent', 0, drv);
    },
    remove: (k) => {
      k.set(k.drv + DRIVER.files, 0);
      k.beginOfDriver('bus_remove_driver', k.drv);
    },
    drain: waits(
      (k) => k.get(k.drv + DRIVER.stores) === 0,
      (k) => `writes to attributes of ${k.driverAt(k.drv).name} to end`,
      (k) => {
        k.set(k.drv + DRIVER.listed, 0);
      },
    ),
    walkers: waits(
      (k) => k.get(k.drv + DRIVER.walkers) === 0,
      (k) => `walks over the list of drivers to pass ${k.driverAt(k.drv).name}`,
      (k) => {
        k.driverList.remove(k.drv);
      },
    ),
    settle: synchronizes(() => undefined),
    detach: (k) => {
      const dev = lastBound(k, k.drv);
      if (dev === 0) return 'gone';
      k.hold(dev);
      k.dev = dev;
      return k.call('device_release_driver_internal', dev, k.drv);
    },
    put: (k) => {
      k.put(k.dev);
      k.dev = 0;
      return 'detach';
    },
    gone: (k) => {
      const driver = k.driverAt(k.drv);
      for (let id = 0; id < k.world.dynamicIds.length; id++) k.set(k.dynamicId(driver, id), 0);
      k.set(k.drv + DRIVER.module, 0);
      k.set(k.drv + DRIVER.async, 0);
      k.end();
      k.done(0);
    },
  }),
];
