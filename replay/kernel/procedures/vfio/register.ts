/**
 * Devices that VFIO gets and loses, and drivers that use the kernel's DMA API (kernel
 * drivers/vfio/vfio_main.c, drivers/vfio/group.c 6.12, drivers/iommu/iommu.c 6.1).
 */
import { ERRNO } from '../../../../traces/index.js';
import { IRQ } from '../../../model/vfio-pci-core/open-device.js';
import type { Kernel } from '../../kernel.js';
import type { Driver } from '../../place.js';
import { gives, joined, procedure, takes, waits } from '../../steps.js';
import { FILE, GROUP, VDEV } from '../../vfio-cells.js';
import { addressOf, groupOfDev, isMediated, lockOfDevGroup, usersOf, vdevOf } from './common.js';
import { functionsWith } from './device-set.js';
import { signal } from './irqs.js';

/** `vfio_register_group_dev`; a mediated device gets a group of its own. */
export function registerDevice(k: Kernel, dev: number): void {
  const { address: device, mediated } = k.placeOf(dev);
  const call = mediated ? 'vfio_register_emulated_iommu_dev' : 'vfio_register_group_dev';
  k.beginCall({ call, device });
  if (mediated) {
    const number = k.vfio.freeGroupNumber();
    k.set(k.groupOf(dev) + GROUP.number, number + 1);
    k.point('add_device_to_group', dev, 0, number);
  }
  noteDevice(k, dev);
  k.endCall(0);
}

/** The group of a mediated device ends with it. */
function leaveGroup(k: Kernel): void {
  const group = groupOfDev(k);
  k.point('remove_device_from_group', k.dev, 0, k.vfio.numberOfGroup(group));
  k.set(group + GROUP.number, 0);
}

/**
 * A function that vfio-pci has becomes a device of its group, and the last one of its set.
 * @param rank its place in the set, when that is known
 */
export function noteDevice(k: Kernel, dev: number, rank?: number): void {
  k.set(k.vdev(dev) + VDEV.registered, 1);
  if (k.world.resetsSets) {
    const ranks = functionsWith(k, dev).map((other) => k.get(k.vdev(other) + VDEV.rank));
    k.set(k.vdev(dev) + VDEV.rank, rank ?? Math.max(0, ...ranks) + 1);
  }
  k.add(k.groupOf(dev) + GROUP.devices, 1);
}

/**
 * `iommu_device_use_default_domain`, which a probe begins with.
 * @returns 0, or -EBUSY when a user of VFIO owns the group
 */
export function claimForKernel(k: Kernel, dev: number, driver: Driver): number {
  if (!k.rules.claimsGroups || driver.model.managesDma === true) return 0;
  const group = k.groupOf(dev);
  if (k.get(group + GROUP.container) !== 0 || k.get(group + GROUP.owner) !== 0) return -ERRNO.EBUSY;
  k.set(k.vdev(dev) + VDEV.native, 1);
  k.add(group + GROUP.natives, 1);
  return 0;
}

/** `iommu_device_unuse_default_domain`. */
export function leaveToOthers(k: Kernel, dev: number): void {
  const native = k.vdev(dev) + VDEV.native;
  if (k.get(native) === 0) return;
  k.set(native, 0);
  k.add(k.groupOf(dev) + GROUP.natives, -1);
}

/** Ten seconds may have passed since a request of `vfio_unregister_group_dev`. */
const asksAgain = (k: Kernel): boolean => {
  const { requests = 1 } = k.world.spec.machine;
  return k.i < requests && !isMediated(k, k.dev);
};

export const REGISTER = [
  /**
   * Waits until the device has no users. The kernel requests it every ten seconds; here as often as
   * the machine says. With the last device VFIO loses the group, which leaves its container.
   */
  procedure('vfio_unregister_group_dev', {
    enter: (k) => {
      k.beginCall({ call: 'vfio_unregister_group_dev', device: addressOf(k) });
      k.set(vdevOf(k) + VDEV.leaving, 1);
    },
    ask: (k) => {
      const vdev = vdevOf(k);
      if (k.get(vdev + VDEV.refs) === 0) return 'gone';
      // The drivers of mediated devices that have a model request nothing.
      if (isMediated(k, k.dev)) return undefined;
      k.pointCall({ call: 'vfio_pci_core_request', device: addressOf(k), value: k.i });
      signal(k, k.dev, IRQ.REQ, 0);
      k.i += 1;
      return undefined;
    },
    wait: waits(
      (k) => k.get(vdevOf(k) + VDEV.refs) === 0 || asksAgain(k),
      (k) => `users to close ${addressOf(k)}`,
      (k) => (k.get(vdevOf(k) + VDEV.refs) === 0 ? undefined : 'ask'),
      (k) => usersOf(k, (file) => k.get(k.vfio.file(file) + FILE.dev) === k.dev),
    ),
    gone: (k) => {
      const vdev = vdevOf(k);
      const group = groupOfDev(k);
      k.set(vdev + VDEV.registered, 0);
      for (const member of ['rank', 'token', 'tokenUsers'] as const) k.set(vdev + VDEV[member], 0);
      k.set(vdev + VDEV.leaving, 0);
      k.add(group + GROUP.devices, -1);
      return k.get(group + GROUP.devices) === 0 ? undefined : 'exit';
    },
    lock: takes(lockOfDevGroup, (k) => {
      const group = groupOfDev(k);
      if (k.get(group + GROUP.container) === 0) return undefined;
      return k.call('vfio_group_detach_container', 0, group);
    }),
    revoke: joined((k) => {
      const opened = groupOfDev(k) + GROUP.opened;
      const file = k.get(opened);
      if (file !== 0) k.set(k.vfio.file(file) + FILE.revoked, 1);
      k.set(opened, 0);
    }),
    unlock: gives(lockOfDevGroup),
    exit: (k) => {
      if (isMediated(k, k.dev)) leaveGroup(k);
      k.endCall(null);
      k.done(0);
    },
  }),
];
