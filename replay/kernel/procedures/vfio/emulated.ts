/**
 * Devices that an iommufd knows without an IOMMU: their driver accesses memory of an IOAS (kernel
 * drivers/vfio/iommufd.c 6.12).
 */
import {
  attachAccess,
  bindAccess,
  type Context,
  detachAccess,
  unbindAccess,
} from '../../../model/iommufd/index.js';
import type { Kernel } from '../../kernel.js';
import { FILE, VDEV } from '../../vfio-cells.js';
import { addressOf, decided, ioctlOf, vdevOf } from './common.js';

function change<R>(k: Kernel, iommufd: number, change: (draft: Context) => R): R {
  return k.vfio.change(k.vfio.file(iommufd) + FILE.context, change);
}

/** `vfio_iommufd_emulated_bind`. */
export function bindEmulated(k: Kernel, iommufd: number): number {
  change(k, iommufd, (context) => bindAccess(context, addressOf(k)));
  k.set(vdevOf(k) + VDEV.iommufd, iommufd);
  return 0;
}

/** `vfio_iommufd_emulated_attach_ioas`: only an IOAS can be had. */
export function attachEmulated(k: Kernel, ioas: number): number {
  k.beginCall({ call: 'vfio_iommufd_emulated_attach_ioas', device: addressOf(k), value: ioas });
  const results = change(k, k.get(vdevOf(k) + VDEV.iommufd), (context) =>
    attachAccess(context, addressOf(k), ioas),
  );
  const ret = decided(ioctlOf(k), results);
  k.endCall(ret);
  return ret;
}

/** `vfio_iommufd_emulated_detach_ioas`. */
export function detachEmulated(k: Kernel): void {
  k.pointCall({ call: 'vfio_iommufd_emulated_detach_ioas', device: addressOf(k) });
  change(k, k.get(vdevOf(k) + VDEV.iommufd), (context) => detachAccess(context, addressOf(k)));
}

/** `vfio_iommufd_emulated_unbind`. */
export function unbindEmulated(k: Kernel): void {
  const cell = vdevOf(k) + VDEV.iommufd;
  change(k, k.get(cell), (context) => unbindAccess(context, addressOf(k)));
  k.set(cell, 0);
}
