/**
 * Ioctls of containers and groups: what the kernel returns (kernel drivers/vfio/container.c,
 * group.c and vfio_iommu_type1.c 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import { anyOf, because, inferring, type Results as Known, unseen } from '../reason.js';
import type { Container, Group } from './vfio-state.js';

export type Results = Known | null;

const EXTENSION = { TYPE1: 1, TYPE1V2: 3, DMA_CC: 4, NESTING: 6, UNMAP_ALL: 9 } as const;
const UPDATE_VADDR = 10;
const EXTENSIONS: ReadonlySet<number> = new Set([1, 3, 6, 9]);

/**
 * Whether type1 has an extension.
 * @param iommu whether the container has an IOMMU driver; null when not known
 */
export function type1Extension(id: number, iommu: boolean | null, version: number): Results {
  if (id === EXTENSION.NESTING) return [version < 6013 ? 1 : 0];
  if (EXTENSIONS.has(id)) return [1];
  // What the domains and the devices can do decides.
  if (id === EXTENSION.DMA_CC || id === UPDATE_VADDR) {
    return iommu === false ? [id === UPDATE_VADDR && version < 6001 ? 1 : 0] : [0, 1];
  }
  return [0];
}

/** Types of IOMMU that type1 serves. */
export const isType1 = (type: number, version: number): boolean =>
  type === EXTENSION.TYPE1 ||
  type === EXTENSION.TYPE1V2 ||
  (type === EXTENSION.NESTING && version < 6013);

/**
 * An ioctl on a container, but for what the IOMMU driver serves.
 * @param argument of SET_IOMMU: the type
 * @returns `driver` when the IOMMU driver answers
 */
export function containerIoctl(
  name: string,
  container: Container,
  argument: number,
  version: number,
): Results | 'driver' {
  switch (name) {
    case 'VFIO_GET_API_VERSION':
      return [0];
    case 'VFIO_CHECK_EXTENSION':
      return 'driver';
    case 'VFIO_SET_IOMMU':
      if (container.groups === 0) {
        return because(ERRNO.EINVAL, 'the container has no group', 'container/groups');
      }
      if (container.iommu === true) {
        return because(ERRNO.EINVAL, 'the container has an IOMMU already', 'container/iommu');
      }
      if (container.groups === null) return null;
      return isType1(argument, version)
        ? [0]
        : because(ERRNO.ENODEV, `${argument} is not a type of IOMMU that type1 serves`);
    default:
      if (container.iommu === null) return null;
      return container.iommu
        ? 'driver'
        : because(ERRNO.EINVAL, 'the container has no IOMMU yet', 'container/iommu');
  }
}

/** A function that keeps its group from being used by a user. */
export interface Blocker {
  readonly address: string;
  readonly driver: string;
}

/** What a group's ioctl depends on in addition to the group. */
export interface GroupContext {
  readonly container: Container;
  /** All devices of the group may be owned by a user; null when not known. */
  readonly viable: boolean | null;
  /** Functions of the group that keep users from it, or may do so if it is not known. */
  readonly blockers: readonly Blocker[];
  /** The group is not recorded: they are of the only group that users are kept from. */
  readonly inferred: boolean;
  /** An IOMMU domain was attached, a device was opened, while the ioctl ran. */
  readonly attached: boolean;
  readonly opened: boolean | null;
  /** The recording shows attaching, and by which group a device is opened. */
  readonly showsAttach: boolean;
  readonly showsOpen: boolean;
  /** The kernel accepts a file of iommufd as a container (from Linux 6.2 on). */
  readonly iommufd: boolean;
  /** The recording shows closing. */
  readonly showsClose: boolean;
  /** What opening a device returned when it failed while the ioctl ran. */
  readonly openError: number | null;
  /** VFIO may have lost the last device of the group, which leads to nothing then. */
  readonly mayBeLost: boolean;
  /** Why what follows the name of a device may refuse it. */
  readonly byToken: Known;
}

/** An ioctl on a group. A result of 0 or more from GET_DEVICE_FD is the new descriptor. */
export function groupIoctl(name: string, group: Group, context: GroupContext): Results {
  switch (name) {
    case 'VFIO_GROUP_GET_STATUS':
      // How large the user's struct was is not recorded.
      return anyOf(
        [0],
        because(ERRNO.EINVAL, 'argsz is less than 8'),
        context.mayBeLost ? because(ERRNO.ENODEV, 'VFIO has no device of the group') : [],
      );
    case 'VFIO_GROUP_SET_CONTAINER':
      return setContainer(group, context);
    case 'VFIO_GROUP_UNSET_CONTAINER':
      if (group.attached === null) return null;
      if (!group.attached) {
        return because(ERRNO.EINVAL, 'the group is in no container', 'group/attached');
      }
      if (group.devices.size > 0) return context.showsClose ? inUse(group) : null;
      return context.showsOpen ? [0] : [0, -ERRNO.EBUSY];
    case 'VFIO_GROUP_GET_DEVICE_FD':
      return getDevice(group, context);
    default:
      return because(ERRNO.ENOTTY, `a group has no call ${name}`);
  }
}

const inUse = ({ devices }: Group): Known =>
  because(ERRNO.EBUSY, `${[...devices].join(' and ')} of the group is open`, 'group/devices');

/**
 * Why a group cannot be owned by a user (`iommu_group_claim_dma_owner`).
 * @param inferred whether the group is not recorded, and they are of the only one in question
 */
export function notViable(blockers: readonly Blocker[], inferred: boolean): Known {
  const who = blockers.map(({ address, driver }) => `${address} is bound to ${driver}`);
  const cells = blockers.map(({ address }) => `${address}/driver`);
  const text = `the group is not viable: ${who.join(' and ')}, not to VFIO`;
  if (!inferred) return because(ERRNO.EPERM, text, ...cells);
  const note = 'the group is not recorded, and no other one is not viable';
  return inferring(ERRNO.EPERM, `probably ${text}; ${note}`, ...cells);
}

function setContainer(group: Group, context: GroupContext): Results {
  const { viable, attached, showsAttach, iommufd, blockers, inferred } = context;
  if (attached) return [0];
  // A group without open devices may have been closed and opened again, which removes it.
  if (group.attached === true) {
    const text = 'the group is in a container already';
    return group.devices.size > 0 ? because(ERRNO.EINVAL, text, 'group/attached') : null;
  }
  if (viable === false) return anyOf(notViable(blockers, inferred), iommufd ? [0] : []);
  if (viable === null && !showsAttach) return null;
  // The descriptor is not recorded. It may not be a container, or be one of iommufd, to which
  // devices are attached when they are opened.
  const others = [-ERRNO.EBUSY, -ERRNO.EBADF, -ERRNO.EBADFD, -ERRNO.EINVAL];
  if (context.mayBeLost) others.push(-ERRNO.ENODEV);
  const refused = blockers.length > 0 ? notViable(blockers, inferred) : [-ERRNO.EPERM];
  return anyOf(showsAttach && !iommufd ? [] : [0], refused, others);
}

const NO_SUCH_DEVICE = because(ERRNO.ENODEV, 'no device of the group has the name that was passed');

function withoutIommu({ attached }: Group): Known {
  const { EINVAL } = ERRNO;
  if (attached === false) return because(EINVAL, 'the group is in no container', 'group/attached');
  const text =
    attached === true ? 'the container of the group has' : 'no container of the group has';
  return because(EINVAL, `${text} ${attached === true ? 'no' : 'an'} IOMMU`, 'container/iommu');
}

const OWNED = unseen(
  'a driver of the kernel or another user owns the group; which of them is not recorded',
  ERRNO.EPERM,
  ERRNO.EBUSY,
);

/** Descriptors are as many as a process may have open. */
const DESCRIPTORS: Results = [];

function getDevice(group: Group, context: GroupContext): Results {
  const { container, opened, showsOpen } = context;
  if (context.openError !== null) return [context.openError];
  const noIommu = container.iommu === false && !group.ofIommufd;
  // The device is looked up by its name before the group is looked at.
  if (noIommu || group.attached === false) {
    return anyOf(withoutIommu(group), NO_SUCH_DEVICE);
  }
  if (opened) return DESCRIPTORS;
  if (opened === null) return null;
  // The name that the user passed is not recorded; a device that is already open gets a descriptor.
  const refused: Known[] = [context.byToken];
  // Only here iommufd detects that a group is not viable, or belongs to another user. That the
  // group was given to one may not have been seen.
  const seen = group.attached === true && context.showsAttach;
  if (group.ofIommufd || (context.iommufd && !seen)) {
    refused.push(context.viable === false ? notViable(context.blockers, context.inferred) : OWNED);
  }
  return showsOpen && group.devices.size === 0 ? anyOf(NO_SUCH_DEVICE, ...refused) : null;
}
