/**
 * Ioctls of containers and groups (kernel drivers/vfio/container.c, drivers/vfio/group.c 6.12).
 */
import { ERRNO } from '../../../../traces/index.js';
import { IOMMUFD_SINCE } from '../../../model/kernel-rules.js';
import { CDEV_CALL } from '../../../model/vfio/cdev.js';
import { isType1, type1Extension } from '../../../model/vfio/container-ioctl.js';
import { ioctlFacts } from '../../../model/vfio/ioctl-numbers.js';
import type { Kernel } from '../../kernel.js';
import { FAULT } from '../../layout.js';
import { gives, joined, procedure, takes } from '../../steps.js';
import { FILE, GROUP, VDEV } from '../../vfio-cells.js';
import {
  descriptorOf,
  EBADF,
  fetched,
  fileOf,
  findVfioDevice,
  groupOfFile,
  install,
  ioctlOf,
  lockOfFileGroup,
  pointerOf,
  vdevOf,
  wordsOf,
} from './common.js';
import { objectOf, setIommu } from './container.js';
import { serveDma } from './dma.js';
import { ENDS_WITH_FILE, holdFile } from './held-file.js';
import { matchName } from './held-tokens.js';
import { joinIommufd, leaveIommufd } from './iommufd-devices.js';

/** Bytes of a struct that `vfio_iommu_type1_ioctl` is recorded with. */
const TYPE1_BYTES = 32;

/** The IOMMU driver serves a call, or says what it can do. */
function served(k: Kernel, name: string, serve: () => number): number {
  const action = ioctlOf(k);
  const file = k.vfio.file(k.arg);
  const object = k.get(file + FILE.iommu) === 0 ? 0 : objectOf(k.arg);
  k.beginCall({
    call: 'vfio_iommu_type1_ioctl',
    ioctl: name,
    value: ioctlFacts(name).number,
    length: object,
    data: fetched(action, TYPE1_BYTES),
  });
  const ret = serve();
  k.endCall(ret);
  return ret;
}

function setIommuOf(k: Kernel): number {
  const file = k.vfio.file(k.arg);
  const { value } = ioctlOf(k);
  const hasGroup = k.vfio.groups.some((group) => k.get(group + GROUP.container) === k.arg);
  if (!hasGroup || k.get(file + FILE.iommu) !== 0) return -ERRNO.EINVAL;
  const fits = served(k, 'VFIO_CHECK_EXTENSION', () => Number(isType1(value, k.rules.version)));
  if (fits === 0) return -ERRNO.ENODEV;
  setIommu(k, k.arg, value);
  return 0;
}

function containerIoctl(k: Kernel): number {
  const { name, value } = ioctlOf(k);
  const isSet = k.get(k.vfio.file(k.arg) + FILE.iommu) !== 0;
  switch (name) {
    case 'VFIO_GET_API_VERSION':
      return 0;
    case 'VFIO_CHECK_EXTENSION':
      return served(k, name, () => type1Extension(value, isSet, k.rules.version)?.[0] ?? 0);
    default:
      if (!isSet) return -ERRNO.EINVAL;
      return served(k, name, () => serveDma(k, k.arg, ioctlOf(k)));
  }
}

/** What a group's status is answered with. */
function statusOf(k: Kernel): number {
  const { data } = ioctlOf(k);
  if (data === null) return -ERRNO.EFAULT;
  if (wordsOf(ioctlOf(k))[0] < 8) return -ERRNO.EINVAL;
  return isRevoked(k) ? -ERRNO.ENODEV : 0;
}

const isRevoked = (k: Kernel): boolean => k.get(k.vfio.file(k.arg) + FILE.revoked) !== 0;

const isInContainer = (k: Kernel): boolean =>
  k.get(groupOfFile(k) + GROUP.container) !== 0 && !isRevoked(k);

/** The iommufd that a group is in instead of a container; 0 for none. */
const iommufdOfGroup = (k: Kernel): number => k.get(k.vfio.file(k.arg) + FILE.iommufd);

/** Why a group cannot be put into a container or an iommufd; 0 when it can. */
function mayJoin(k: Kernel, file: number): number {
  // Another thread has closed it since the call began: that comes out as if it had done so before.
  if (file === 0) return EBADF;
  if (isInContainer(k) || iommufdOfGroup(k) !== 0) return -ERRNO.EINVAL;
  if (isRevoked(k)) return -ERRNO.ENODEV;
  const { kind } = k.world.file(file);
  const hasIommufds = k.rules.version >= IOMMUFD_SINCE;
  if (kind === 'container' || (kind === 'iommufd' && hasIommufds)) return 0;
  // Where an iommufd can replace a container, the error covers both.
  return hasIommufds ? -ERRNO.EBADFD : -ERRNO.EINVAL;
}

/**
 * Why a group cannot leave its container or iommufd; 0 when it can. An iommufd is kept by the
 * devices that are bound to it, and not by their group.
 */
function mayLeave(k: Kernel): number {
  if (!isInContainer(k)) return iommufdOfGroup(k) === 0 ? -ERRNO.EINVAL : 0;
  return k.get(groupOfFile(k) + GROUP.users) > 0 ? -ERRNO.EBUSY : 0;
}

/** The number of the group, and the first four bytes of what the user points to. */
function fetchedOfGroup(k: Kernel, fd: number): Uint8Array {
  const { name, address } = ioctlOf(k);
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, k.vfio.numberOfGroup(groupOfFile(k)), true);
  if (name === 'VFIO_GROUP_SET_CONTAINER') view.setInt32(4, fd, true);
  else if (address === null) bytes.set(fetched(ioctlOf(k), 4), 4);
  else for (let i = 0; i < 4; i++) bytes[4 + i] = address.charCodeAt(i);
  return bytes;
}

const endIoctl = (k: Kernel, ret: number): undefined => {
  k.endCall(ret);
  return k.done(ret);
};

export const IOCTL = [
  procedure('ioctl', {
    enter: (k) => {
      const action = ioctlOf(k);
      const file = fileOf(k, action.file);
      if (file === 0) return k.done(EBADF);
      const { kind } = k.world.file(file);
      if (kind === 'eventfd') return k.done(-ERRNO.ENOTTY);
      holdFile(k, file);
      // BIND is a call of every file of a device, and refused by those that a group handed out.
      const binds = kind === 'device' && action.name === CDEV_CALL.BIND && k.rules.opensDeviceFiles;
      return k.call(binds ? 'cdev_ioctl' : `${kind}_ioctl`, 0, 0, file);
    },
    ...ENDS_WITH_FILE,
  }),

  procedure('container_ioctl', {
    enter: (k) => {
      const action = ioctlOf(k);
      const { number } = ioctlFacts(action.name);
      k.beginCall({
        call: 'vfio_fops_unl_ioctl',
        ioctl: action.name,
        value: number,
        offset: pointerOf(action),
      });
      return action.name === 'VFIO_SET_IOMMU' ? 'lock' : undefined;
    },
    serve: (k) => endIoctl(k, containerIoctl(k)),
    lock: takes(
      (k) => k.vfio.file(k.arg) + FILE.lock,
      (k) => {
        k.i = setIommuOf(k);
      },
    ),
    unlock: gives((k) => k.vfio.file(k.arg) + FILE.lock),
    exit: joined((k) => endIoctl(k, k.i)),
  }),

  procedure('group_ioctl', {
    enter: (k) => {
      const action = ioctlOf(k);
      const { name, files } = action;
      const fd = descriptorOf(k, files[0] ?? '')?.fd ?? -1;
      k.beginCall({
        call: 'vfio_group_fops_unl_ioctl',
        ioctl: name,
        value: ioctlFacts(name).number,
        offset: pointerOf(action),
        data: fetchedOfGroup(k, fd),
      });
      switch (name) {
        case 'VFIO_GROUP_GET_DEVICE_FD':
          return k.call('vfio_group_ioctl_get_device_fd', 0, 0, k.arg, 'handed');
        case 'VFIO_GROUP_SET_CONTAINER':
          if (fd < 0) return endIoctl(k, EBADF);
          return 'lockToSet';
        case 'VFIO_GROUP_UNSET_CONTAINER':
          return 'lockToUnset';
        case 'VFIO_GROUP_GET_STATUS':
          return undefined;
        default:
          return endIoctl(k, -ERRNO.ENOTTY);
      }
    },
    lock: takes(lockOfFileGroup, (k) => {
      k.i = statusOf(k);
      return 'unlock';
    }),
    lockToSet: takes(lockOfFileGroup, (k) => {
      const container = fileOf(k, ioctlOf(k).files[0] ?? '');
      k.i = mayJoin(k, container);
      if (k.i < 0) return 'unlock';
      if (k.world.file(container).kind === 'iommufd') {
        joinIommufd(k, container);
        return 'unlock';
      }
      return k.call('vfio_container_attach_group', 0, groupOfFile(k), container, 'changed');
    }),
    lockToUnset: takes(lockOfFileGroup, (k) => {
      k.i = mayLeave(k);
      if (k.i < 0) return 'unlock';
      if (isInContainer(k)) {
        return k.call('vfio_group_detach_container', 0, groupOfFile(k), 0, 'changed');
      }
      k.n = leaveIommufd(k);
      return 'unlock';
    }),
    changed: joined((k) => {
      k.i = k.ret;
    }),
    unlock: gives(lockOfFileGroup),
    exit: joined((k) => {
      if (k.n === 0) return endIoctl(k, k.i);
      k.endCall(k.i);
      return k.call('fput', 0, 0, k.n, 'left');
    }),
    handed: joined((k) => endIoctl(k, k.ret)),
    left: joined((k) => k.done(k.i)),
  }),

  /** The device stays open as long as a file is left of it; each holds its group. */
  procedure('vfio_group_ioctl_get_device_fd', {
    find: (k) => {
      const dev = isRevoked(k) ? 0 : findVfioDevice(k, ioctlOf(k).address);
      if (dev === 0 || k.groupOf(dev) !== groupOfFile(k)) {
        return k.done(-ERRNO.ENODEV);
      }
      const refused = matchName(k, dev);
      if (refused < 0) return k.done(refused);
      k.dev = dev;
      if (k.hasBug('lookupFindsLastPut')) return 'take';
      k.add(vdevOf(k) + VDEV.refs, 1);
      return 'lock';
    },
    take: (k) => {
      if (k.get(vdevOf(k) + VDEV.registered) === 0) {
        k.fault(FAULT.deviceUseAfterFree);
        return k.done(-ERRNO.ENODEV);
      }
      return k.add(vdevOf(k) + VDEV.refs, 1);
    },
    lock: takes(lockOfFileGroup, (k) => {
      if (!isInContainer(k) && iommufdOfGroup(k) === 0) {
        k.i = -ERRNO.EINVAL;
        return 'unlock';
      }
      k.n = iommufdOfGroup(k);
      if (k.n === 0) {
        k.add(groupOfFile(k) + GROUP.users, 1);
        k.add(k.vfio.file(k.arg) + FILE.refs, 1);
      }
      return k.call('vfio_df_open', k.dev, 0, k.n);
    }),
    opened: joined((k) => {
      k.i = k.ret;
      if (k.i === 0 || k.n !== 0) return;
      k.add(groupOfFile(k) + GROUP.users, -1);
      k.add(k.vfio.file(k.arg) + FILE.refs, -1);
    }),
    unlock: gives(lockOfFileGroup),
    exit: joined((k) => {
      if (k.i < 0) {
        k.add(vdevOf(k) + VDEV.refs, -1);
        return k.done(k.i);
      }
      const { file } = k.doing;
      k.set(k.vfio.file(file) + FILE.refs, 1);
      k.set(k.vfio.file(file) + FILE.dev, k.dev);
      return k.done(install(k, file, ioctlOf(k).as ?? ''));
    }),
  }),
];
