/**
 * The low power features of a device: its user gives up the use that keeps it awake (kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.1). `pm_runtime_engaged` is `lowPower` of the open device.
 */
import type { LowPower } from '../../../model/vfio-pci-core/open-device.js';
import type { Kernel } from '../../kernel.js';
import { POWER } from '../../layout.js';
import { drop, hold, isPowered } from './counts.js';

function setEngaged(k: Kernel, engaged: LowPower): void {
  k.vfio.changeDevice(k.vdev(k.dev), (draft) => {
    draft.lowPower = engaged;
  });
}

/** `vfio_pci_runtime_pm_entry`, with `memory_lock`. @param wake file of an eventfd; 0 for none */
export function enterLowPower(k: Kernel, change: LowPower, wake: number): void {
  setEngaged(k, change);
  if (!isPowered(k, k.dev)) return;
  k.set(k.power(k.dev) + POWER.wake, wake);
  drop(k, k.dev);
}

/** `__vfio_pci_runtime_pm_exit`, with `memory_lock`. */
export function leaveLowPower(k: Kernel): void {
  if (k.vfio.openDevice(k.vdev(k.dev))?.lowPower === 'off') return;
  setEngaged(k, 'off');
  if (!isPowered(k, k.dev)) return;
  k.set(k.power(k.dev) + POWER.wake, 0);
  hold(k, k.dev);
}

/**
 * A call on a device whose sleep is not followed: it had slept, and wakes. So ends what lasts until
 * then.
 */
export function wakeByCall(k: Kernel): void {
  if (k.vfio.openDevice(k.vdev(k.dev))?.lowPower === 'until resumed') leaveLowPower(k);
}
