/**
 * A device in an iommufd, whichever door it came by: bound, attached, detached, unbound (kernel
 * drivers/vfio/iommufd.c, drivers/iommu/iommufd/device.c 6.12).
 */
import { ERRNO } from '../../../../traces/index.js';
import {
  type Area,
  attach,
  bind,
  detach,
  deviceId,
  makeCompat,
  NOTHING_WRITTEN,
  unbind,
} from '../../../model/iommufd/index.js';
import type { Kernel } from '../../kernel.js';
import { FILE, VDEV } from '../../vfio-cells.js';
import { addressOf, groupOfDev, ioctlOf, isMediated, vdevOf } from './common.js';
import { attachToDomain, objectOf } from './container.js';
import { attachEmulated, bindEmulated, detachEmulated, unbindEmulated } from './emulated.js';
import { changeContext, claimGroup, mapAreas, releaseGroup, unmapAreas } from './page-tables.js';

/** The device becomes an object of the iommufd, which owns its group from then on. */
export function bindDevice(k: Kernel, iommufd: number): number {
  if (isMediated(k, k.dev)) return bindEmulated(k, iommufd);
  const place = { device: addressOf(k), length: objectOf(iommufd) };
  k.beginCall({ call: 'iommufd_device_bind', ...place });
  const ret = claimGroup(k, groupOfDev(k), iommufd);
  // It returns the object, whose address is not known.
  k.endCall(ret < 0 ? ret : null);
  if (ret < 0) return ret;
  const number = k.vfio.numberOfGroup(groupOfDev(k));
  changeContext(k, iommufd, (context) => bind(context, addressOf(k), number));
  k.set(vdevOf(k) + VDEV.iommufd, iommufd);
  return 0;
}

/** Memory of an IOAS that cannot be pinned. */
const PIN_ERRORS: ReadonlySet<number> = new Set([-ERRNO.EFAULT, -ERRNO.ENOMEM]);

/** What is mapped of an IOAS before memory cannot be pinned. */
function pinnedAreas(k: Kernel, iommufd: number, pt: number): Area[] {
  const object = k.vfio.context(iommufd).objects.get(pt);
  let left = BigInt(ioctlOf(k).pinned ?? 0);
  const pinned: Area[] = [];
  for (const area of object?.type === 'ioas' ? object.space.areas : []) {
    const bytes = area.last - area.iova + 1n;
    if (left > 0n) pinned.push(left < bytes ? { ...area, last: area.iova + left - 1n } : area);
    left -= bytes;
  }
  return pinned;
}

/** `iommufd_device_attach` and `iommufd_device_replace`: errno or 0. */
export function attachDevice(k: Kernel, iommufd: number, pt: number): number {
  if (isMediated(k, k.dev)) return attachEmulated(k, pt);
  k.beginCall({ call: 'vfio_iommufd_physical_attach_ioas', device: addressOf(k), value: pt });
  const key = String(k.vfio.numberOfGroup(groupOfDev(k)));
  const before = k.vfio.context(iommufd).groups.get(key);
  const { result, mapped, unmapped } = changeContext(k, iommufd, (context) => {
    const { results, done } = attach(context, deviceId(context, addressOf(k)) ?? 0, pt);
    // Mappings that are on reserved addresses keep a device from it.
    const isTaken = results?.includes(-ERRNO.EADDRINUSE) === true;
    const usual = isTaken ? -ERRNO.EADDRINUSE : (results?.[0] ?? -ERRNO.EINVAL);
    const { answer } = ioctlOf(k);
    const ret = answer !== undefined && results?.includes(answer) === true ? answer : usual;
    if (ret === 0) done?.({ ret, written: NOTHING_WRITTEN, at: 0n });
    return ret;
  });
  // The first page table of a group is filled after it is attached, a further one before. Memory
  // that cannot be pinned is found as it is filled: the group is detached again.
  if (before === undefined && PIN_ERRORS.has(result)) {
    attachToDomain(k, groupOfDev(k));
    const pinned = pinnedAreas(k, iommufd, pt);
    mapAreas(k, pinned);
    unmapAreas(k, pinned);
    attachToDomain(k, groupOfDev(k));
  }
  if (before !== undefined) mapAreas(k, mapped);
  if (k.vfio.context(iommufd).groups.get(key) !== before) attachToDomain(k, groupOfDev(k));
  if (before === undefined) mapAreas(k, mapped);
  unmapAreas(k, unmapped);
  k.endCall(result);
  return result;
}

/** `iommufd_device_detach`: with the last device of a group its DMA is blocked. */
function detachPhysical(k: Kernel): void {
  const iommufd = k.get(vdevOf(k) + VDEV.iommufd);
  const key = String(k.vfio.numberOfGroup(groupOfDev(k)));
  const had = k.vfio.context(iommufd).groups.has(key);
  const { unmapped } = changeContext(k, iommufd, (context) =>
    detach(context, deviceId(context, addressOf(k)) ?? 0, 0n),
  );
  if (had && !k.vfio.context(iommufd).groups.has(key)) attachToDomain(k, groupOfDev(k));
  unmapAreas(k, unmapped);
}

/** `vfio_iommufd_physical_detach_ioas`, or that of a mediated device. */
export function detachDevice(k: Kernel): void {
  if (isMediated(k, k.dev)) detachEmulated(k);
  else {
    k.pointCall({ call: 'vfio_iommufd_physical_detach_ioas', device: addressOf(k) });
    detachPhysical(k);
  }
}

/** `vfio_iommufd_physical_unbind`. */
function unbindPhysical(k: Kernel): void {
  const cell = vdevOf(k) + VDEV.iommufd;
  detachPhysical(k);
  k.pointCall({ call: 'iommufd_device_unbind', device: addressOf(k) });
  changeContext(k, k.get(cell), (context) => unbind(context, deviceId(context, addressOf(k)) ?? 0));
  k.set(cell, 0);
  releaseGroup(k, groupOfDev(k));
}

export const unbindDevice = (k: Kernel): void =>
  isMediated(k, k.dev) ? unbindEmulated(k) : unbindPhysical(k);

/**
 * A group is put into an iommufd in a container's place: the file of the group, which is the
 * argument of the procedure, keeps the iommufd, and an IOAS serves the calls of the container
 * (`iommufd_vfio_compat_ioas_create`, drivers/iommu/iommufd/vfio_compat.c 6.12).
 */
export function joinIommufd(k: Kernel, iommufd: number): void {
  changeContext(k, iommufd, makeCompat);
  k.set(k.vfio.file(k.arg) + FILE.iommufd, iommufd);
  k.add(k.vfio.file(iommufd) + FILE.refs, 1);
}

/** The file of a group, which is the argument of the procedure, drops its iommufd. */
export function leaveIommufd(k: Kernel): number {
  const cell = k.vfio.file(k.arg) + FILE.iommufd;
  const iommufd = k.get(cell);
  k.set(cell, 0);
  return iommufd;
}

/** `vfio_iommufd_compat_attach_ioas`: errno or 0. */
export function attachToCompat(k: Kernel, iommufd: number): number {
  const { compat } = k.vfio.context(iommufd);
  return typeof compat === 'number' ? attachDevice(k, iommufd, compat) : -ERRNO.ENODEV;
}
