/** PASIDs of a device in an iommufd (kernel drivers/vfio/iommufd.c 7.3). */
import { ERRNO } from '../../../../traces/index.js';
import {
  attachPasid,
  type Context,
  detachPasid,
  deviceAt,
  deviceId,
  HWPT_ALLOC,
  NOTHING_WRITTEN,
  pasidErrno,
} from '../../../model/iommufd/index.js';
import type { Kernel } from '../../kernel.js';
import type { IoctlAction } from '../../machine-spec.js';
import type { Place } from '../../place.js';
import { addressOf, ioctlOf, wordsOf } from './common.js';
import { changeContext } from './page-tables.js';

/** How many PASIDs a function and its IOMMU have. */
const pasidsOf = (place: Place | null): number => place?.hardware.properties?.pasids ?? 0;

/** Whether a call makes a page table for PASIDs, which the IOMMU of a device with PASIDs has. */
export function makesForPasids(
  k: Kernel,
  context: Context,
  struct: Uint8Array,
  { name }: IoctlAction,
): boolean {
  const view = new DataView(struct.buffer);
  if (name !== 'IOMMU_HWPT_ALLOC' || view.getUint32(4, true) !== HWPT_ALLOC.PASID) return false;
  const device = deviceAt(context, view.getUint32(8, true));
  return device !== null && pasidsOf(k.world.place(device.address)) > 0;
}

/** `vfio_iommufd_physical_pasid_attach_ioas`: errno or 0. */
export function attachPasidOf(k: Kernel, iommufd: number): number {
  const [, , pt = 0, pasid = null] = wordsOf(ioctlOf(k));
  return changeContext(k, iommufd, (context) => {
    const { results, done } = attachPasid(context, idOf(k, context), pasid, pt);
    const ret = decide(k, results ?? [-ERRNO.EINVAL], pasid);
    if (ret === 0) done?.({ ret, written: NOTHING_WRITTEN, at: 0n });
    return ret;
  }).result;
}

/** What the call returns of what may be. A recording without the PASID has the result. */
function decide(k: Kernel, results: readonly number[], pasid: number | null): number {
  const { answer } = ioctlOf(k);
  if (answer !== undefined && results.includes(answer)) return answer;
  const asksIommu = results[0] === 0 && results.includes(-ERRNO.EOPNOTSUPP);
  if (!asksIommu || pasid === null) return results[0];
  return pasidErrno(pasidsOf(k.placeOf(k.dev)), pasid);
}

/** `vfio_iommufd_physical_pasid_detach_ioas`: always 0. */
export function detachPasidOf(k: Kernel, iommufd: number): number {
  const [, , pasid = null] = wordsOf(ioctlOf(k));
  changeContext(k, iommufd, (context) => detachPasid(context, idOf(k, context), pasid));
  return 0;
}

const idOf = (k: Kernel, context: Context): number => deviceId(context, addressOf(k)) ?? 0;
