/**
 * Devices that are used by the kernel while nobody uses them: those of a set that is reset, and one
 * that is closed (kernel drivers/vfio/pci/vfio_pci_core.c 6.1).
 */
import { PCI_POWER } from '../../../model/power/power-state.js';
import { RPM_FLAG } from '../../../model/power/runtime-pm.js';
import type { Kernel } from '../../kernel.js';
import { POWER } from '../../layout.js';
import { gives, joined, procedure, takes } from '../../steps.js';
import { VDEV } from '../../vfio-cells.js';
import { setPower } from '../vfio/device.js';
import { functionsOf } from '../vfio/device-set.js';
import { memoryLock } from '../vfio/memory.js';
import { isPowered, put, setState } from './counts.js';
import { leaveLowPower } from './low-power.js';

const isHeld = (k: Kernel, dev: number): boolean => k.get(k.power(dev) + POWER.ofSet) !== 0;

/** The next device of the set that is not awake for its reset yet; 0 for none. */
const nextAsleep = (k: Kernel): number =>
  functionsOf(k).find((dev) => k.get(k.vdev(dev) + VDEV.registered) !== 0 && !isHeld(k, dev)) ?? 0;

/** Devices of the set may go to sleep again, also those that are being removed since. */
export function releaseSet(k: Kernel): void {
  const { set } = k.placeOf(k.dev);
  for (const place of k.world.places) {
    if (place.set !== set || place.mediated) continue;
    for (const dev of k.recordsOf(place)) {
      if (!isHeld(k, dev)) continue;
      k.set(k.power(dev) + POWER.ofSet, 0);
      put(k, dev);
    }
  }
}

export const SETS = [
  /** `vfio_pci_dev_set_pm_runtime_get`, with `dev_set->lock`. */
  procedure('vfio_pci_dev_set_pm_runtime_get', {
    next: (k) => {
      const dev = nextAsleep(k);
      if (dev === 0) return k.done(0);
      k.set(k.power(dev) + POWER.ofSet, 1);
      return k.call('rpm_resume', dev, 0, RPM_FLAG.GET_PUT, 'next');
    },
  }),

  /** `vfio_pci_dev_set_try_reset`, when the set can be reset. */
  procedure('vfio_pci_dev_set_try_reset', {
    wake: (k) => {
      k.call('vfio_pci_dev_set_pm_runtime_get', k.dev);
    },
    reset: (k) => {
      for (const dev of functionsOf(k)) setState(k, dev, PCI_POWER.D0);
      releaseSet(k);
      k.done(0);
    },
  }),

  /** `vfio_pci_core_sriov_configure`: a PF is awake as long as it has VFs. */
  procedure('vfio_pci_core_sriov_configure', {
    enter: (k) => {
      if (k.arg === 0) return k.call('pci_disable_sriov', k.dev, 0, 0, 'disabled');
      if (k.hasBug('sleepingPfGetsVfs')) {
        return k.call('pci_enable_sriov', k.dev, 0, k.arg, 'unwoken');
      }
      return k.call('rpm_resume', k.dev, 0, RPM_FLAG.GET_PUT);
    },
    lock: takes(memoryLock, (k) => {
      setPower(k, k.dev, PCI_POWER.D0);
      k.call('pci_enable_sriov', k.dev, 0, k.arg);
    }),
    unlock: gives(memoryLock, (k) => {
      k.n = k.ret;
    }),
    enabled: (k) => {
      if (k.n < 0) put(k, k.dev);
      k.done(k.n);
    },
    disabled: (k) => {
      if (!k.hasBug('sleepingPfGetsVfs')) put(k, k.dev);
      k.done(0);
    },
    unwoken: joined((k) => k.done(k.ret)),
  }),

  /** The first part of `vfio_pci_core_disable`: the device leaves low power, and is woken. */
  procedure('vfio_pci_core_wake', {
    lock: takes(memoryLock, leaveLowPower),
    unlock: gives(memoryLock),
    resume: (k) => {
      if (isPowered(k, k.dev)) k.call('rpm_resume', k.dev);
    },
    exit: joined((k) => k.done(0)),
  }),
];
