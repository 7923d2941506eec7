/**
 * The reset of all devices that are reset together (vfio_pci_dev_set_hot_reset, kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.12).
 */
import { ERRNO } from '../../../../traces/index.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE } from '../../layout.js';
import { procedure } from '../../steps.js';
import { GROUP, VDEV } from '../../vfio-cells.js';
import { fileOf, groupOfDev, ioctlOf, vdevOf } from './common.js';
import { setPower } from './device.js';
import { functionsOf, isOwnedByVfio } from './device-set.js';
import { removeMappings } from './memory.js';

const opened = (k: Kernel): number[] =>
  functionsOf(k).filter((dev) => k.get(k.vdev(dev) + VDEV.open) !== 0);

/** Whether the device is open by its character device. */
export const isBound = (k: Kernel): boolean =>
  k.get(vdevOf(k) + VDEV.iommufd) !== 0 && k.get(groupOfDev(k) + GROUP.cdevs) > 0;

/**
 * Whether each function that is reset is bound to the iommufd that the device is bound to, or is of
 * a group of one that is (vfio_iommufd_get_dev_id, kernel drivers/vfio/iommufd.c 6.12).
 */
export function iommufdOwns(k: Kernel): boolean {
  const iommufd = k.get(vdevOf(k) + VDEV.iommufd);
  return functionsOf(k).every((dev) => k.get(k.groupOf(dev) + GROUP.owner) === iommufd);
}

const groupFiles = (k: Kernel): number[] =>
  ioctlOf(k).files.map((name) => (name === null ? 0 : fileOf(k, name)));

/**
 * Whether the files that the user names are groups.
 * @returns 0, -EBADF, or -EINVAL
 */
export function checkGroupFiles(k: Kernel): number {
  const files = isBound(k) ? [] : groupFiles(k);
  if (files.includes(0)) return -ERRNO.EBADF;
  return files.some((file) => k.world.file(file).kind !== 'group') ? -ERRNO.EINVAL : 0;
}

/**
 * Whether drivers of VFIO have all functions, and the groups that the user names are those of all
 * devices. The user of a character device names none: its iommufd shows it.
 * @returns 0, -EBADF, or -EINVAL
 */
export function mayHotReset(k: Kernel): number {
  // Another thread has closed one since the call began: as if it had done so before.
  const refused = checkGroupFiles(k);
  if (refused < 0) return refused;
  if (!functionsOf(k).every((dev) => isOwnedByVfio(k, dev))) return -ERRNO.EINVAL;
  if (isBound(k)) return iommufdOwns(k) ? 0 : -ERRNO.EINVAL;
  const groups = groupFiles(k).map((file) => k.vfio.group(k.world.file(file).place!));
  const isOwned = (dev: number) => groups.includes(k.groupOf(dev));
  return functionsOf(k).every(isOwned) ? 0 : -ERRNO.EINVAL;
}

export const RESET = [
  /** It never waits: -EBUSY when a `memory_lock` is taken, -EAGAIN for a device lock. */
  procedure('vfio_pci_dev_set_reset', {
    lock: (k) => {
      const devices = opened(k);
      if (devices.some((dev) => k.get(k.vdev(dev) + VDEV.memoryLock) !== 0)) {
        return k.done(-ERRNO.EBUSY);
      }
      for (const dev of devices) {
        k.set(k.vdev(dev) + VDEV.memoryLock, k.thread + 1);
        removeMappings(k, dev);
      }
      for (const dev of functionsOf(k)) setPower(k, dev, 0);
      return undefined;
    },
    reset: (k) => {
      const isFree = functionsOf(k).every((dev) => k.get(dev + DEVICE.lock) === 0);
      k.i = isFree ? (k.hardware?.reset(k.thread) ?? 0) : -ERRNO.EAGAIN;
      for (const dev of functionsOf(k)) {
        const lock = k.vdev(dev) + VDEV.memoryLock;
        if (k.holds(lock)) k.release(lock);
      }
      k.done(k.i);
    },
  }),
];
