/** VFs (kernel drivers/pci/iov.c 6.1, 6.18, 6.19). */
import { ERRNO } from '../../../traces/index.js';
import { isAsleep } from '../../model/power/power-state.js';
import type { Kernel } from '../kernel.js';
import { DEVICE, FAULT, POWER } from '../layout.js';
import type { Place } from '../place.js';
import { gives, joined, procedure, takes } from '../steps.js';
import { deviceLock } from './attach.js';
import { newDevice, rescanRemoveLock } from './devices.js';
import { enterDeviceFile, leave } from './files.js';
import { isPowered } from './power/counts.js';
import { sendUevent } from './send-uevent.js';

/** Whether the lock of hot-plugging is taken around the VFs alone. */
const locksVfs = (k: Kernel): boolean => k.rules.sriovRescanLock === 'vfs';

/** Why the VF that is to be added cannot be: an errno; 0 when it can. */
function failureOfVf(k: Kernel): number {
  if (k.natives !== null) return k.natives.failure(k.thread);
  return k.placeOf(k.dev).sriov?.failsAt === k.arg ? -ERRNO.ENOMEM : 0;
}

const vfPlace = (k: Kernel, dev: number, index: number): Place | null => {
  const pf = k.placeOf(dev);
  return k.world.places.find((p) => p.physfn === pf && p.vfIndex === index) ?? null;
};

/** The store holds the PF's lock, unless the kernel has the bug that it does not. */
const unlockOrLeave = (k: Kernel): string => (k.holds(deviceLock(k)) ? 'unlock' : 'leave');

/** The first part of the store: whether the driver is called at all. */
function check(k: Kernel): string {
  const refused = refusal(k);
  k.n = refused ?? 0;
  if (refused !== null) return unlockOrLeave(k);
  return k.rules.sriovRescanLock === 'store' ? 'rescan' : 'configure';
}

export const SRIOV = [
  /** `sriov_numvfs_store`: the PF's lock is held from the checks to the end. */
  procedure('sriov_numvfs', {
    enter: (k) => {
      if (!enterDeviceFile(k)) return undefined;
      const { sriov } = k.placeOf(k.dev);
      const { meaning } = k.operation;
      if (meaning < 0) return leave(k, -ERRNO.EINVAL);
      if (meaning > (sriov?.totalVfs ?? 0)) return leave(k, -ERRNO.ERANGE);
      return k.hasBug('numvfsUnlocked') ? 'checkUnlocked' : undefined;
    },
    lock: takes(deviceLock, check),
    rescan: takes(rescanRemoveLock),
    configure: (k) => {
      const { dev } = k;
      const { meaning } = k.operation;
      k.n = k.natives?.failure(k.thread) ?? 0;
      if (k.n < 0) return k.holds(rescanRemoveLock()) ? 'unlockRescan' : unlockOrLeave(k);
      const { sriov, model } = k.driverOn(dev);
      if (model.vfioPci && isPowered(k, dev)) {
        return k.call('vfio_pci_core_sriov_configure', dev, 0, meaning);
      }
      const enable = sriov === 'own' ? 'pci_enable_sriov' : 'sriov_enable';
      const disable = sriov === 'own' ? 'pci_disable_sriov' : 'sriov_disable';
      return k.call(meaning > 0 ? enable : disable, dev, 0, meaning);
    },
    configured: joined((k) => {
      k.n = k.ret;
      return k.holds(rescanRemoveLock()) ? undefined : unlockOrLeave(k);
    }),
    unlockRescan: gives(rescanRemoveLock, unlockOrLeave),
    unlock: gives(deviceLock),
    exit: joined((k) => leave(k, k.n < 0 ? k.n : k.operation.count)),
    checkUnlocked: check,
    leave: (k) => leave(k, k.n < 0 ? k.n : k.operation.count),
  }),

  procedure('pci_enable_sriov', {
    enter: (k) => {
      k.begin('pci_enable_sriov', k.dev, 0, k.arg);
      k.call('sriov_enable', k.dev, 0, k.arg);
    },
    exit: joined((k) => {
      k.end(k.ret);
      k.done(k.ret);
    }),
  }),

  procedure('pci_disable_sriov', {
    enter: (k) => {
      k.point('pci_disable_sriov', k.dev);
      k.call('sriov_disable', k.dev);
    },
    exit: joined((k) => k.done(0)),
  }),

  /**
   * VFs are added one by one, and each is probed before the next exists. When one cannot be added,
   * those before it are removed again, the last one first.
   */
  procedure('sriov_enable', {
    enter: (k) => {
      k.begin('sriov_enable', k.dev, 0, k.arg);
      k.n = k.natives?.failure(k.thread) ?? 0;
      if (k.n < 0) return 'exit';
      return locksVfs(k) ? 'lock' : 'next';
    },
    lock: takes(rescanRemoveLock),
    next: (k) => {
      const { dev, i, arg } = k;
      if (i === arg) return locksVfs(k) ? 'unlock' : 'count';
      return k.call('pci_iov_add_virtfn', dev, 0, i);
    },
    added: joined((k) => {
      k.n = k.ret;
      if (k.n < 0) return undefined;
      k.i++;
      return 'next';
    }),
    remove: (k) => {
      if (k.i === 0) return locksVfs(k) ? 'unlock' : 'count';
      k.i--;
      return k.call('pci_iov_remove_virtfn', k.dev, 0, k.i, 'remove');
    },
    unlock: gives(rescanRemoveLock),
    count: (k) => {
      if (k.n < 0) return;
      sendUevent(k, k.dev, 'change');
      k.set(k.dev + DEVICE.numVfs, k.arg);
    },
    exit: joined((k) => {
      k.end(k.n);
      k.done(k.n);
    }),
  }),

  procedure('pci_iov_add_virtfn', {
    enter: (k) => {
      const { dev, arg } = k;
      k.begin('pci_iov_add_virtfn', dev, 0, arg);
      // The configuration space of a VF is read as it is added: all ones while its PF sleeps.
      const sleeps = isPowered(k, dev) && isAsleep(k.get(k.power(dev) + POWER.state));
      if (sleeps) k.fault(FAULT.asleepAccess);
      const isThere = k.findDevice(vfPlace(k, dev, arg)) !== 0;
      if (isThere) k.fault(FAULT.addedTwice);
      const failure = isThere ? -ERRNO.EEXIST : failureOfVf(k);
      if (failure < 0) {
        k.end(failure);
        return k.done(failure);
      }
      const vf = newDevice(k, vfPlace(k, dev, arg)!);
      k.hold(vf);
      k.n = vf;
      return k.call('pci_device_add', vf);
    },
    // `pci_iov_sysfs_link` reports the links that it has made.
    ready: joined((k) => {
      sendUevent(k, k.n, 'change');
      k.call('pci_bus_add_device', k.n);
    }),
    exit: (k) => {
      k.put(k.n);
      k.end(0);
      k.done(0);
    },
  }),

  procedure('sriov_disable', {
    enter: (k) => {
      if (k.get(k.dev + DEVICE.numVfs) === 0) return k.done(0);
      return locksVfs(k) ? 'lock' : 'next';
    },
    lock: takes(rescanRemoveLock),
    next: (k) => {
      const { dev, i } = k;
      if (i === k.get(dev + DEVICE.numVfs)) {
        return locksVfs(k) ? 'unlock' : 'count';
      }
      k.i = i + 1;
      return k.call('pci_iov_remove_virtfn', dev, 0, i, 'next');
    },
    unlock: gives(rescanRemoveLock),
    count: (k) => {
      k.set(k.dev + DEVICE.numVfs, 0);
      k.done(0);
    },
  }),

  procedure('pci_iov_remove_virtfn', {
    enter: (k) => {
      const { dev, arg } = k;
      k.point('pci_iov_remove_virtfn', dev, 0, arg);
      const vf = k.findDevice(vfPlace(k, dev, arg));
      if (vf === 0) return k.done(0);
      k.n = vf;
      k.hold(vf);
      k.call('pci_stop_and_remove_bus_device', vf);
    },
    put: joined((k) => {
      k.put(k.n);
      k.done(0);
    }),
  }),
];

/** Why a write of a number of VFs is answered without asking the driver: its result, else null. */
function refusal(k: Kernel): number | null {
  const { dev } = k;
  const { meaning } = k.operation;
  const now = k.get(dev + DEVICE.numVfs);
  if (meaning === now) return 0;
  const drv = k.get(dev + DEVICE.driver);
  if (drv === 0 || k.driverAt(drv).sriov === 'none') return -ERRNO.ENOENT;
  return meaning > 0 && now > 0 ? -ERRNO.EBUSY : null;
}
