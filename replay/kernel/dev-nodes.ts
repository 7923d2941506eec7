/**
 * Files in /dev, and the users that may open them. devtmpfs makes a file for root when a device is
 * added (kernel drivers/base/devtmpfs.c 6.1); rules of udev change its owner and its mode.
 */
import { ERRNO } from '../../traces/index.js';

/** Files of VFIO and of iommufd; those of groups and devices come and go. */
export type DevFile = 'group' | 'cdev' | 'container' | 'iommufd';

export interface NodeAccess {
  /** Numbers of user and group. */
  readonly owner: number;
  readonly group: number;
  /** Bits of permissions, such as 0o660. */
  readonly mode: number;
}

/** What an operation or a rule changes of it. */
export type NodeChange = { readonly [M in keyof NodeAccess]?: number };

/** A user that opens a file. */
export interface User {
  readonly uid: number;
  /** Numbers of its groups. */
  readonly gids: readonly number[];
}

export const ROOT: User = { uid: 0, gids: [] };

/** Read and write. */
const READ_WRITE = 6;

/**
 * As the kernel makes them: of groups and devices that of devtmpfs; the others have their own
 * (`vfio_dev` in drivers/vfio/container.c 6.12, `iommu_misc_dev` in drivers/iommu/iommufd/main.c
 * 6.12).
 */
const MODES: Readonly<Record<DevFile, number>> = {
  group: 0o600,
  cdev: 0o600,
  container: 0o666,
  iommufd: 0o660,
};

/** A new file in /dev. */
export const newNode = (kind: DevFile): NodeAccess => ({ owner: 0, group: 0, mode: MODES[kind] });

/** Why a user cannot open a file to read and write: -EACCES, or 0. Root may open all. */
export function refusedTo({ uid, gids }: User, { owner, group, mode }: NodeAccess): number {
  if (uid === 0) return 0;
  const shift = uid === owner ? 6 : gids.includes(group) ? 3 : 0;
  return ((mode >> shift) & READ_WRITE) === READ_WRITE ? 0 : -ERRNO.EACCES;
}
