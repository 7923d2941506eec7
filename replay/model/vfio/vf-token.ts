/**
 * VF tokens: a UUID by which users of a PF and of its VFs show that they trust each other
 * (vfio_pci_core_match, vfio_pci_validate_vf_token, kernel drivers/vfio/pci/vfio_pci_core.c 6.12).
 * It is passed as an option after the name of the device to GET_DEVICE_FD, and from Linux 6.17 on
 * to BIND_IOMMUFD.
 */
import { ERRNO } from '../../../traces/index.js';
import { because, type Results } from '../reason.js';

/** A UUID as text, in small letters. */
export type VfToken = string;

/** The first kernel whose BIND_IOMMUFD looks at tokens (drivers/vfio/device_cdev.c 6.17). */
export const BIND_TOKEN_SINCE = 6017;

/** The token of a PF, and how many of its VFs are open. */
export interface HeldToken {
  /** Null: the random one that it has until a user sets another. */
  readonly token: VfToken | null;
  readonly users: number;
}

/** What a function has to do with tokens. */
export type TokenHolder =
  /** It has the SR-IOV capability, and a driver built on vfio-pci-core. */
  | { readonly of: 'pf'; readonly held: HeldToken }
  /** Null: its PF has another driver. */
  | { readonly of: 'vf'; readonly held: HeldToken | null }
  | { readonly of: 'neither' };

/**
 * Why a user does not get a device for its token.
 * @param given null: no token was passed
 * @returns null when nothing refuses it
 */
export function refusalOfToken(holder: TokenHolder, given: VfToken | null): Results | null {
  if (holder.of === 'neither' || holder.held === null) return needless(holder, given);
  const { token, users } = holder.held;
  if (holder.of === 'pf' && users === 0) return null;
  const { EACCES } = ERRNO;
  const why = holder.of === 'vf' ? 'its PF has a driver of VFIO' : 'VFs of it are in use';
  if (given === null) return because(EACCES, `${why}, and no VF token was passed`);
  return given === token ? null : because(EACCES, `${why}, and another VF token was passed`);
}

function needless({ of }: TokenHolder, given: VfToken | null): Results | null {
  if (given === null) return null;
  const why = of === 'vf' ? 'its PF has no driver of VFIO' : 'it is no PF and no VF';
  return because(ERRNO.EINVAL, `a VF token was passed, and ${why}`);
}

/** The token that a PF has after a user got it, or null when it keeps the one that it had. */
export const tokenSetBy = (holder: TokenHolder, given: VfToken | null): VfToken | null =>
  holder.of === 'pf' && holder.held.users === 0 ? given : null;
