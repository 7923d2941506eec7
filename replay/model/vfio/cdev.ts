/**
 * The two doors of a device: its group, and its character device, whose files can do nothing before
 * they are bound to an iommufd (drivers/vfio/device_cdev.c, vfio_main.c 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import type { Unknown } from '../possible.js';
import { because, type Results } from '../reason.js';
import type { FileNumber } from './file-descriptors.js';

/** Calls that only a character device has: binding to an iommufd, and attaching there. */
export const CDEV_CALL = {
  BIND: 'VFIO_DEVICE_BIND_IOMMUFD',
  ATTACH: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  DETACH: 'VFIO_DEVICE_DETACH_IOMMUFD_PT',
} as const;

const CDEV_CALLS: ReadonlySet<string> = new Set(Object.values(CDEV_CALL));
export const isCdevCall = (name: string): boolean => CDEV_CALLS.has(name);

/** The first kernel in which ATTACH and DETACH accept a PASID (drivers/vfio/device_cdev.c 6.15). */
const PASID_SINCE = 6015;
const PASID_FLAG = 1;
const PASID_BYTES = 4;

/** Bytes that the kernel requires of the struct of each call. */
export const LEAST_BYTES: Readonly<Record<string, number>> = {
  [CDEV_CALL.BIND]: 16,
  [CDEV_CALL.ATTACH]: 12,
  [CDEV_CALL.DETACH]: 8,
};

export const unknownFlags = (flags: number): Results =>
  because(ERRNO.EINVAL, `flags ${hex(flags)} are not all known`);
export const tooSmall = (argsz: number, least: number): Results =>
  because(ERRNO.EINVAL, `argsz is ${argsz}, less than ${least}`);

/**
 * What refuses size and flags of ATTACH and DETACH; null for nothing.
 * @param version of the kernel as major * 1000 + minor; null when not known
 * @param driver of the device: of those of 7.3 vfio-pci alone has functions for PASIDs; null when
 *   not known
 */
export function refusesAttachment(
  { name, argsz, flags }: { readonly name: string; readonly argsz: number; readonly flags: number },
  version: number | null,
  driver: string | null,
): Results | null {
  const least = LEAST_BYTES[name];
  if (argsz < least) return tooSmall(argsz, least);
  const known = version === null || version >= PASID_SINCE ? PASID_FLAG : 0;
  if ((flags & ~known) !== 0) return unknownFlags(flags);
  if (flags === 0) return null;
  if (driver !== null && driver !== 'vfio-pci')
    return because(ERRNO.EOPNOTSUPP, `${driver} has no function for PASIDs`);
  return argsz < least + PASID_BYTES ? tooSmall(argsz, least + PASID_BYTES) : null;
}

/** A device that is bound to an iommufd. */
export interface Binding {
  /** By the group, which is in an iommufd, or by the character device. */
  readonly door: 'group' | 'cdev';
  readonly process: number;
  /** The file of the character device; null when the recording does not have it. */
  readonly file: FileNumber | null;
  /** The iommufd, as the state of VFIO names it; null when not known. */
  readonly context: string | null;
}

/** What a call of a device's file is of. */
export type Door =
  /** A file through which the device is open. */
  | 'open'
  /** A file of the character device that is not bound: every call but BIND is refused. */
  | 'unbound'
  /** One or the other. */
  | 'unknown';

export interface DoorFacts {
  /** The file that is bound. */
  readonly bound: Binding | 'unbound' | Unknown;
  /** The file of the call; null when not known. */
  readonly file: FileNumber | null;
  /** It was got from a group. */
  readonly ofGroup: boolean;
  /** Whether the device is open, by either door; null when not known. */
  readonly open: boolean | null;
  /** The recording shows that its character device was opened. */
  readonly cdevOpened: boolean;
  /** The recording shows which files are bound. */
  readonly showsBind: boolean;
}

export function doorOf(facts: DoorFacts): Door {
  const { bound, file, ofGroup, open, cdevOpened, showsBind } = facts;
  if (ofGroup) return 'open';
  const mayBeBound = bound === 'unknown' || (!showsBind && open !== false);
  if (file !== null && mayBeBound) return 'unknown';
  // One that was opened while the recording ran is not bound unless a call bound it.
  if (file !== null) {
    if (typeof bound === 'string') return 'unbound';
    return bound.file === file ? 'open' : bound.file === null ? 'unknown' : 'unbound';
  }
  if (open === false) return 'unbound';
  // No event shows whether a second file of a bound device was opened.
  return open === true && bound === 'unbound' && !cdevOpened ? 'open' : 'unknown';
}
