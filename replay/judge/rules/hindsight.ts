/**
 * Causes of errors that the state did not predict. The errno, and what ran inside the call, leave
 * one cause; or they leave several, and the text says what the recording lacks to distinguish them.
 */
import { ERRNO } from '../../../traces/index.js';
import { newDmaSpace, refuseUnmap, type UnmapRequest } from '../../model/iommu/type1.js';
import { anyOf, because, inferring, type Results, unseen } from '../../model/reason.js';
import { NOT_OPEN } from '../../model/vfio/hot-reset.js';
import type { IoctlCall } from '../../model/vfio/vfio-calls.js';
import type { Group } from '../../model/vfio/vfio-state.js';

const { EINVAL, EPERM, EBUSY, EEXIST, ENOSPC, ENOTTY, EFAULT } = ERRNO;

const NO_ARGUMENT = unseen('the argument of the call is not recorded', EINVAL, ENOSPC);

/** Function by which a file of a group or of a character device opens a device (from 6.5 on). */
export const DF_OPEN = 'vfio_df_open';

/** Resets all functions of a bus, once the groups of the user were looked up. */
export const SET_RESET = 'vfio_pci_dev_set_hot_reset';

const NOT_IN_CONTAINER = 'the group is in no container';

/**
 * An ioctl of a group (kernel drivers/vfio/group.c 6.12).
 * @param before whether the group was in a container before the call; null when not known
 * @param showsOpen the recording has {@link DF_OPEN}
 */
export function groupCauses(
  { name, reached }: IoctlCall,
  before: Group['attached'],
  showsOpen: boolean,
): Results | null {
  switch (name) {
    case 'VFIO_GROUP_UNSET_CONTAINER':
      return anyOf(
        because(EINVAL, NOT_IN_CONTAINER),
        because(EBUSY, 'a device of the group is open'),
      );
    case 'VFIO_GROUP_SET_CONTAINER':
      return before === true
        ? inferring(
            EINVAL,
            'probably the group is in a container already: no event shows that it left its one',
            'group/attached',
          )
        : unseen('the container, or the iommufd, that was passed is not recorded', EINVAL);
    case 'VFIO_GROUP_GET_DEVICE_FD': {
      const owner = 'a driver of the kernel or another user owns the group; which is not recorded';
      const unread = unseen('the name of the device that was passed is not recorded', EFAULT);
      const owned = anyOf(unseen(owner, EPERM, EBUSY), unread);
      // The group is looked at before the device is opened.
      if (showsOpen && reached !== DF_OPEN) return anyOf(because(EINVAL, NOT_IN_CONTAINER), owned);
      return anyOf(
        unseen('the group is in no container, or its container has no IOMMU', EINVAL),
        owned,
      );
    }
    default:
      return null;
  }
}

/**
 * {@link DF_OPEN} of a group's file, without the driver's own function in it: what it checks before
 * is the container (vfio_group_use_container, kernel drivers/vfio/container.c 6.12).
 */
export const openCauses = (group: Group): Results | null =>
  group.ofIommufd || group.attached === false
    ? null
    : because(EINVAL, 'the container of the group has no IOMMU', 'container/iommu');

/**
 * An ioctl of a container that its IOMMU driver did not serve (kernel drivers/vfio/container.c
 * 6.12).
 * @param showsDriver the recording has calls of the IOMMU driver
 */
export function containerCauses({ name, inner }: IoctlCall, showsDriver: boolean): Results | null {
  if (!showsDriver || inner !== null) return null;
  if (name === 'VFIO_SET_IOMMU') {
    const text = 'the container has no group, or has an IOMMU already; which container it is';
    return unseen(`${text} is not recorded`, EINVAL);
  }
  return because(EINVAL, 'the container has no IOMMU: no driver of one was called');
}

const NOT_OWNED = because(EINVAL, 'the user does not own every function that the reset reaches');
const NOT_OWNED_OR_NO_GROUP = unseen(
  'a descriptor is of no group, or the groups do not have every function that the reset reaches',
  EINVAL,
);

/** A call that type1 served without known mappings. */
export function type1Causes({ name }: IoctlCall, request: UnmapRequest | null): Results | null {
  if (name === 'VFIO_IOMMU_MAP_DMA') {
    return because(EEXIST, 'a part of the range is mapped already');
  }
  if (name !== 'VFIO_IOMMU_UNMAP_DMA' || request === null) return null;
  const refused = refuseUnmap(newDmaSpace(true), request, EINVAL);
  if (refused === 'unmodelled') return null;
  return refused === 'accepted'
    ? because(EINVAL, 'the range cuts a mapping, and type1 v2 removes only whole ones')
    : refused;
}

/**
 * An ioctl of a device of vfio-pci (kernel drivers/vfio/pci/vfio_pci_core.c 6.12).
 * @param showsReset the recording has resets of functions
 */
export function deviceCauses(call: IoctlCall, showsReset: boolean): Results | null {
  const { name, words, reset } = call;
  switch (name) {
    case 'VFIO_DEVICE_GET_REGION_INFO':
    case 'VFIO_DEVICE_GET_IRQ_INFO':
      return words.length === 0 ? NO_ARGUMENT : null;
    case 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO': {
      if (words.length === 0) return NO_ARGUMENT;
      const text = `argsz is ${words[0]}, too small for the list of functions of the bus`;
      return because(ENOSPC, text);
    }
    case 'VFIO_DEVICE_RESET':
      if (!showsReset || reset !== null) return null;
      return because(EINVAL, 'the function could not be reset when it was opened');
    case 'VFIO_DEVICE_PCI_HOT_RESET':
      return anyOf(
        NOT_OPEN,
        because(
          ENOTTY,
          'the reset itself failed: what the hardware of the bus answers has no cause here',
        ),
        call.reached === SET_RESET ? NOT_OWNED : NOT_OWNED_OR_NO_GROUP,
      );
    default:
      return null;
  }
}
