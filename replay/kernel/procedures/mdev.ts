/**
 * Mediated devices as they come and go (kernel drivers/vfio/mdev/mdev_core.c, mdev_sysfs.c,
 * mdev_driver.c 6.12). A parent is known by the name of the driver that serves it.
 */
import { ERRNO } from '../../../traces/index.js';
import { createdUuid, type MdevDriver, removeAsks } from '../../model/mdev/index.js';
import type { Kernel } from '../kernel.js';
import { DEVICE, DRIVER, FAULT, LIVE } from '../layout.js';
import { gives, joined, procedure, takes, waits } from '../steps.js';
import { deviceLock } from './attach.js';
import { newDevice } from './devices.js';
import { enterBusFile, leaveBusFile } from './files.js';
import { sendUevent } from './send-uevent.js';
import { bindMdev, forgetMdev } from './vfio/mdev-calls.js';
import { registerDevice } from './vfio/register.js';

/** The driver that serves the parent of a device; null when it has no model. */
const modelAt = (k: Kernel, drv: number): MdevDriver | null => k.driverAt(drv).mdev;

/** Records of a UUID that exist, up to their last reference. */
const isTaken = (k: Kernel): boolean => {
  const { place } = k.doing;
  return place !== null && k.recordsOf(place).some((dev) => k.get(dev + DEVICE.present) !== 0);
};

/** The type that the thread makes a device of, as sysfs has it. */
function typeOf(k: Kernel): string {
  const { action } = k.doing.spec;
  return (action.type === 'write' ? action.mdevType : null) ?? '';
}

/** What one device of the type takes of its parent. */
const shareOf = (k: Kernel, drv: number): number => modelAt(k, drv)?.types[typeOf(k)] ?? 0;

const isLeft = (k: Kernel, drv: number, share: number): boolean =>
  k.get(drv + DRIVER.taken) + share <= (modelAt(k, drv)?.capacity ?? 0);

/** The errno with which the core refuses a device, which counts for drivers that do not. */
function refuse(k: Kernel, drv: number): number {
  if (isTaken(k)) return -ERRNO.EEXIST;
  const recorded = k.natives?.failure(k.thread) ?? 0;
  if (k.natives !== null) return recorded === -ERRNO.EUSERS ? recorded : 0;
  const isFull = modelAt(k, drv)?.countedByCore === true && !isLeft(k, drv, shareOf(k, drv));
  return isFull ? -ERRNO.EUSERS : 0;
}

/** The device has a part of what its parent can serve. */
function take(k: Kernel, dev: number, drv: number, share: number): void {
  k.set(dev + DEVICE.parent, drv);
  k.set(dev + DEVICE.share, share);
  k.add(drv + DRIVER.taken, share);
}

/** The driver that counts its devices itself has what one of them took. */
function giveBack(k: Kernel, dev: number): void {
  const drv = k.get(dev + DEVICE.parent);
  if (drv === 0 || modelAt(k, drv)?.countedByCore === true) return;
  k.add(drv + DRIVER.taken, -k.get(dev + DEVICE.share));
  k.set(dev + DEVICE.share, 0);
}

/** `down_read_trylock` of the parent's `unreg_sem`. */
function holdParent(k: Kernel, drv: number): boolean {
  if (k.get(drv + DRIVER.unregisters) !== 0) return false;
  k.add(drv + DRIVER.children, 1);
  return true;
}

const releaseParent = (k: Kernel, drv: number): void => k.add(drv + DRIVER.children, -1);

/** Ends `mdev_device_create`. */
const end = (k: Kernel, ret: number): undefined => {
  k.end(ret);
  return k.done(ret);
};

/** Ends a write of `create`, an attribute of the driver's parent. */
function leaveCreate(k: Kernel, ret: number): undefined {
  k.add(k.drv + DRIVER.stores, -1);
  return leaveBusFile(k, ret);
}

/** Devices of a driver's parent that are still there. */
function childrenOf(k: Kernel, drv: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < k.deviceList.length; i++) {
    const dev = k.deviceList.at(i);
    if (k.get(dev + DEVICE.parent) === drv && k.get(dev + DEVICE.visible) !== 0) found.push(dev);
  }
  return found;
}

/** Whether nothing keeps a parent from being unregistered while devices are made and removed. */
const hasNoLock = (k: Kernel): boolean => k.hasBug('createMissesParent');

/**
 * The next device that the end of its parent removes; 0 when there is none. Without the lock it
 * passes by what another thread makes or removes.
 */
function nextToRemove(k: Kernel, drv: number): number {
  const isReady = (dev: number) => !hasNoLock(k) || k.get(dev + DEVICE.added) !== 0;
  return childrenOf(k, drv).find(isReady) ?? 0;
}

export const MDEV = [
  /** A write to `create` of a type of a parent. */
  procedure('create', {
    enter: (k) => {
      const { driver } = k.operation;
      const drv = driver === null ? 0 : k.driverRecord(driver);
      const isThere = drv !== 0 && k.get(drv + DRIVER.module) === LIVE;
      if (!isThere || k.get(drv + DRIVER.unregisters) !== 0) return k.done(-ERRNO.ENOENT);
      k.drv = drv;
      k.add(drv + DRIVER.stores, 1);
      enterBusFile(k);
      const { action } = k.operation.spec;
      const text = action.type === 'write' ? action.text : '';
      if (createdUuid(text, k.operation.count) === null) return 'refuse';
      return k.call('mdev_device_create', 0, drv, k.arg, 'exit');
    },
    refuse: (k) => leaveCreate(k, -ERRNO.EINVAL),
    exit: (k) => leaveCreate(k, k.ret === 0 ? k.operation.count : k.ret),
  }),

  /** `mdev_list_lock` is held within the first step. */
  procedure('mdev_device_create', {
    enter: (k) => {
      const place = k.operation.place!;
      k.beginMdev('mdev_device_create', place.address, typeOf(k));
      k.i = refuse(k, k.drv);
      if (k.i < 0) return end(k, k.i);
      const dev = newDevice(k, place);
      k.dev = dev;
      k.set(dev + DEVICE.present, 1);
      k.deviceList.push(dev);
      k.hold(dev);
      if (modelAt(k, k.drv)?.countedByCore === true) take(k, dev, k.drv, shareOf(k, k.drv));
      k.set(dev + DEVICE.parent, k.drv);
    },
    add: (k) => {
      if (!holdParent(k, k.drv)) {
        k.i = -ERRNO.ENODEV;
        return 'put';
      }
      k.show(k.dev);
      k.set(k.dev + DEVICE.bindable, 1);
      sendUevent(k, k.dev, 'add');
      return k.call('device_driver_attach', k.dev, k.drv);
    },
    attached: joined((k) => {
      k.i = k.ret;
      return k.i === 0 ? 'activate' : k.call('mdev_device_del', k.dev, 0, 0, 'release');
    }),
    activate: (k) => {
      k.set(k.dev + DEVICE.added, 1);
      return 'release';
    },
    release: (k) => releaseParent(k, k.drv),
    put: (k) => {
      // Without a name on the bus nothing else ends it.
      if (k.get(k.dev + DEVICE.visible) === 0) k.set(k.dev + DEVICE.dead, 1);
      k.put(k.dev);
      return end(k, k.i);
    },
  }),

  /** A write to `remove` of a device: the attribute removes itself first. */
  procedure('mdev_remove', {
    enter: (k) => {
      const dev = k.findDevice(k.operation.place);
      if (dev === 0 || k.get(dev + DEVICE.leaving) !== 0) return k.done(-ERRNO.ENOENT);
      k.dev = dev;
      k.hold(dev);
      enterBusFile(k);
      const { action } = k.operation.spec;
      const asked = removeAsks(action.type === 'write' ? action.text : '');
      if (asked === 'invalid') return leaveBusFile(k, -ERRNO.EINVAL);
      if (asked === 'nothing') return leaveBusFile(k, k.operation.count);
    },
    self: (k) => {
      if (k.get(k.dev + DEVICE.leaving) !== 0) return leaveBusFile(k, k.operation.count);
      k.set(k.dev + DEVICE.leaving, 1);
      return k.call('mdev_device_remove', k.dev);
    },
    exit: joined((k) => leaveBusFile(k, k.ret === 0 ? k.operation.count : k.ret)),
  }),

  procedure('mdev_device_remove', {
    enter: (k) => {
      k.beginMdev('mdev_device_remove', k.placeOf(k.dev).address);
      k.drv = k.get(k.dev + DEVICE.parent);
      if (k.get(k.dev + DEVICE.dead) !== 0) return end(k, -ERRNO.ENODEV);
      // It is being made, or another thread removes it.
      if (k.get(k.dev + DEVICE.added) === 0) return end(k, -ERRNO.EAGAIN);
      k.set(k.dev + DEVICE.added, 0);
    },
    hold: (k) => {
      if (!holdParent(k, k.drv)) return end(k, -ERRNO.ENODEV);
      return k.call('mdev_device_del', k.dev);
    },
    exit: (k) => {
      releaseParent(k, k.drv);
      return end(k, 0);
    },
  }),

  /** `device_del` of a mediated device: its driver releases it, which may wait for users. */
  procedure('mdev_device_del', {
    kill: takes(deviceLock, (k) => {
      k.set(k.dev + DEVICE.dead, 1);
    }),
    killed: gives(deviceLock),
    // No lookup by name finds it while its driver waits for users.
    hide: (k) => {
      k.hide(k.dev);
      k.set(k.dev + DEVICE.bindable, 0);
      k.call('device_release_driver_internal', k.dev);
    },
    gone: (k) => {
      sendUevent(k, k.dev, 'remove');
      k.freeIfUnused(k.dev);
      k.done(0);
    },
  }),

  /**
   * `mdev_unregister_parent`, as the module of the driver is unloaded: it waits until nobody makes
   * or removes a device, and removes all.
   */
  procedure('mdev_unregister_parent', {
    enter: (k) => {
      k.beginMdev('mdev_unregister_parent', k.driverAt(k.drv).name);
    },
    lock: waits(
      (k) => hasNoLock(k) || k.get(k.drv + DRIVER.children) === 0,
      (k) => `devices of ${k.driverAt(k.drv).name} to be made or removed`,
      (k) => {
        k.set(k.drv + DRIVER.unregisters, Number(!hasNoLock(k)));
      },
    ),
    next: (k) => {
      const dev = nextToRemove(k, k.drv);
      if (dev === 0) return undefined;
      k.hold(dev);
      k.dev = dev;
      if (hasNoLock(k)) k.set(dev + DEVICE.added, 0);
      return k.call('mdev_device_del', dev, 0, 0, 'put');
    },
    drain: waits(
      (k) => k.get(k.drv + DRIVER.stores) === 0,
      (k) => `writes to attributes of ${k.driverAt(k.drv).name} to end`,
      (k) => {
        k.set(k.drv + DRIVER.unregisters, 0);
        if (childrenOf(k, k.drv).length > 0) k.fault(FAULT.childWithoutParent);
        k.end();
        k.done(0);
      },
    ),
    put: (k) => {
      k.put(k.dev);
      k.dev = 0;
      return 'next';
    },
  }),

  /** The driver's own probe function, which registers the device with VFIO. */
  procedure('mdev_probe', {
    enter: (k) => {
      const { dev, drv } = k;
      const model = modelAt(k, drv);
      const recorded = k.natives?.probe(k.thread) ?? 0;
      if (recorded < 0) return k.done(recorded);
      if (model !== null && !model.countedByCore) {
        const share = shareOf(k, drv);
        if (k.natives === null && !isLeft(k, drv, share)) return k.done(model.full[0]);
        take(k, dev, drv, share);
      }
    },
    register: (k) => {
      bindMdev(k, k.dev, modelAt(k, k.drv));
      registerDevice(k, k.dev);
      k.done(0);
    },
  }),

  /** The driver's own remove function: VFIO waits until nobody has the device open. */
  procedure('mdev_driver_remove', {
    enter: (k) => {
      k.call('vfio_unregister_group_dev', k.dev);
    },
    exit: (k) => {
      forgetMdev(k, k.dev);
      giveBack(k, k.dev);
      k.done(0);
    },
  }),
];
