/** Unbinding (kernel drivers/base/dd.c, drivers/pci/pci-driver.c 6.1). */
import { DEVICE } from '../layout.js';
import { gives, joined, procedure, takes, waits } from '../steps.js';
import { VDEV } from '../vfio-cells.js';
import { deviceLock } from './attach.js';
import { findFunction } from './files.js';
import { isPowered } from './power/counts.js';
import { sendUevent } from './send-uevent.js';
import { leaveToOthers } from './vfio/register.js';
import { describe, holds } from './waiting-for.js';

export const RELEASE = [
  /**
   * Releases the driver that the function has when the lock is taken; with a driver in `drv`, only
   * that one. The caller read the driver before it had the lock.
   */
  procedure('device_release_driver_internal', {
    enter: (k) => {
      const { dev } = k;
      k.begin('device_release_driver_internal', dev, k.get(dev + DEVICE.driver));
    },
    lock: takes(deviceLock),
    check: joined((k) => {
      const { dev, drv } = k;
      const bound = k.get(dev + DEVICE.driver);
      if (bound === 0 || (drv !== 0 && drv !== bound)) return 'unlock';
      if (k.placeOf(dev).mediated) return k.call('mdev_driver_remove', dev, bound);
      if (isPowered(k, dev)) return k.call('remove_with_power', dev, bound);
      k.point('pci_device_remove', dev);
      return k.call('remove_driver', dev, bound);
    }),
    cleanup: (k) => {
      leaveToOthers(k, k.dev);
      k.point('device_unbind_cleanup', k.dev, k.get(k.dev + DEVICE.driver));
    },
    // The driver's resources are freed first: others still see the driver.
    forget: (k) => {
      const { dev } = k;
      k.set(dev + DEVICE.driver, 0);
      k.set(dev + DEVICE.bound, 0);
      k.forgetBinding(dev);
      if (k.udev !== null) return undefined;
      sendUevent(k, dev, 'unbind');
      return 'unlock';
    },
    // Where udev may act on it, the uevent has a step of its own.
    announce: (k) => sendUevent(k, k.dev, 'unbind'),
    unlock: gives(deviceLock),
    exit: joined((k) => {
      k.end();
      k.done(0);
    }),
  }),

  /** `device_release_driver`, called by a driver that gives its function up by itself. */
  procedure('release', {
    find: (k) => {
      if (findFunction(k)) return k.call('device_release_driver_internal', k.dev);
      // What has been removed has no driver, and a thread that still holds it finds that.
      const { place } = k.operation;
      if (place !== null) {
        const address = place.address;
        k.recorder?.begin(k.thread, 'device_release_driver_internal', address, null, -1);
        k.end();
      }
      return k.done(0);
    },
    put: joined((k) => {
      k.put(k.dev);
      k.done(0);
    }),
  }),

  /** The driver's own function: `vfio_pci_remove`, `nvme_remove` and the like. */
  procedure('remove_driver', {
    enter: (k) => {
      const { dev, drv } = k;
      const { name } = k.driverAt(drv);
      const own = OWN_REMOVE[name];
      if (own !== undefined) k.point(own, dev, drv);
      if (k.driverAt(drv).spec.removeWaits !== undefined) return 'users';
      if (k.get(k.vdev(dev) + VDEV.registered) === 0) return undefined;
      return k.call('vfio_unregister_group_dev', dev);
    },
    vfs: joined((k) => {
      const { dev, drv } = k;
      const { sriov } = k.driverAt(drv);
      // Drivers with an sriov_configure of their own remove their VFs.
      const takesVfs =
        k.natives === null
          ? sriov === 'own' && k.get(dev + DEVICE.numVfs) !== 0
          : k.natives.disablesVfs(k.thread);
      if (!takesVfs) return k.done(0);
      const isVfio = k.driverAt(drv).model.vfioPci && isPowered(k, dev);
      k.call(isVfio ? 'vfio_pci_core_sriov_configure' : 'pci_disable_sriov', dev);
    }),
    exit: joined((k) => k.done(0)),
    // A native driver that waits for those who have it open.
    users: waits(
      (k) => holds(k, k.driverAt(k.drv).spec.removeWaits!),
      (k) => describe(k.driverAt(k.drv).spec.removeWaits!),
      () => 'vfs',
    ),
  }),
];

/** Own remove functions that the catalogue has. */
const OWN_REMOVE: Readonly<Record<string, 'vfio_pci_remove' | 'nvme_remove' | undefined>> = {
  'vfio-pci': 'vfio_pci_remove',
  nvme: 'nvme_remove',
};
