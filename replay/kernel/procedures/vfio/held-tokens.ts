/** VF tokens of PFs that a driver of VFIO has (kernel drivers/vfio/pci/vfio_pci_core.c 6.12). */
import { ERRNO } from '../../../../traces/index.js';
import {
  BIND_TOKEN_SINCE,
  type HeldToken,
  refusalOfToken,
  type TokenHolder,
  tokenSetBy,
  type VfToken,
} from '../../../model/vfio/vf-token.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE } from '../../layout.js';
import { VDEV } from '../../vfio-cells.js';
import { ioctlOf, isMediated, wordsOf } from './common.js';

/** Cells of the PF whose driver is one of VFIO, for a VF of it; 0 for any other function. */
function pfOfVf(k: Kernel, dev: number): number {
  const pf = k.findDevice(k.placeOf(dev).physfn);
  if (pf === 0 || k.get(k.vdev(pf) + VDEV.registered) === 0) return 0;
  const isOfSameDriver = k.get(pf + DEVICE.driver) === k.get(dev + DEVICE.driver);
  return isOfSameDriver || !k.hasBug('tokenOfSameDriverOnly') ? k.vdev(pf) : 0;
}

function heldBy(k: Kernel, pf: number): HeldToken {
  return { token: k.vfio.vfToken(pf), users: k.get(pf + VDEV.tokenUsers) };
}

function holderOf(k: Kernel, dev: number): TokenHolder {
  const { sriov, physfn } = k.placeOf(dev);
  if (sriov !== null) return { of: 'pf', held: heldBy(k, k.vdev(dev)) };
  if (physfn === null) return { of: 'neither' };
  const pf = pfOfVf(k, dev);
  return { of: 'vf', held: pf === 0 ? null : heldBy(k, pf) };
}

/** `vfio_pci_validate_vf_token`: 0 or why the user does not get the device. */
function validate(k: Kernel, dev: number, given: VfToken | null): number {
  const holder = holderOf(k, dev);
  const refusal = refusalOfToken(holder, given);
  if (refusal !== null) return refusal[0];
  const token = tokenSetBy(holder, given);
  if (token !== null) k.vfio.putVfToken(k.vdev(dev), token);
  return 0;
}

/** The token after the name of a device that GET_DEVICE_FD looks for. */
export function matchName(k: Kernel, dev: number): number {
  const { token, answer } = ioctlOf(k);
  // A recording does not have it: only the result shows whether it was the right one.
  if (token === null) return answer === -ERRNO.EACCES ? answer : 0;
  return isMediated(k, dev) ? 0 : validate(k, dev, token ?? null);
}

/** The token that BIND_IOMMUFD points to, if its flag is set. */
export function matchBind(k: Kernel, dev: number): number {
  const { token } = ioctlOf(k);
  if (token === null || k.rules.version < BIND_TOKEN_SINCE || isMediated(k, dev)) return 0;
  if (((wordsOf(ioctlOf(k))[1] ?? 0) & 1) === 0) return validate(k, dev, null);
  return token === undefined ? -ERRNO.EFAULT : validate(k, dev, token);
}

/** VFIO_DEVICE_FEATURE_PCI_VF_TOKEN sets the token of a PF, whether VFs are in use or not. */
export function setToken(k: Kernel, dev: number): void {
  const { token } = ioctlOf(k);
  if (token != null) k.vfio.putVfToken(k.vdev(dev), token);
}

/** A VF has a user from now on, or none any more. */
export function countVfUser(k: Kernel, dev: number, change: 1 | -1): void {
  const pf = pfOfVf(k, dev);
  if (pf !== 0) k.add(pf + VDEV.tokenUsers, change);
}
