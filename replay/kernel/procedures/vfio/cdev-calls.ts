/**
 * Character devices: files that can do nothing before they are bound to an iommufd (kernel
 * drivers/vfio/device_cdev.c, iommufd.c 6.12, drivers/iommu/iommufd/device.c 6.12).
 */
import { ERRNO } from '../../../../traces/index.js';
import { CDEV_CALL, isCdevCall, LEAST_BYTES, refusesAttachment } from '../../../model/vfio/cdev.js';
import { ioctlFacts } from '../../../model/vfio/ioctl-numbers.js';
import { BIND_TOKEN_SINCE } from '../../../model/vfio/vf-token.js';
import type { Kernel } from '../../kernel.js';
import type { IoctlAction } from '../../machine-spec.js';
import { gives, joined, procedure, takes } from '../../steps.js';
import { FILE, GROUP, VDEV } from '../../vfio-cells.js';
import {
  addressOf,
  descriptorOf,
  fetched,
  groupOfDev,
  ioctlOf,
  lockOfDevGroup,
  pointerOf,
  vdevOf,
  wordsOf,
} from './common.js';
import { closeOf, openOf, setLock } from './device.js';
import { attachPasidOf, detachPasidOf } from './held-pasids.js';
import { matchBind } from './held-tokens.js';
import { attachDevice, bindDevice, detachDevice, unbindDevice } from './iommufd-devices.js';
import { refusesOpen } from './variant-hooks.js';

/** Bytes of a struct that the recorder fetches. */
const STRUCT_BYTES = 12;
/** A number that no descriptor of a process has. */
const NO_DESCRIPTOR = 999;

/** The descriptor of the iommufd in the struct of BIND. */
function descriptorIn(k: Kernel, action: IoctlAction): number {
  const [name] = action.files;
  if (name === null) return -1;
  if (name !== undefined) return descriptorOf(k, name)?.fd ?? NO_DESCRIPTOR;
  const bytes = fetched(action, STRUCT_BYTES);
  return new DataView(bytes.buffer).getInt32(8, true);
}

/** The struct of a call of a character device as the kernel reads it. */
function structOf(k: Kernel): Uint8Array {
  const action = ioctlOf(k);
  const bytes = fetched(action, STRUCT_BYTES);
  if (action.name !== CDEV_CALL.BIND || action.data === null) return bytes;
  new DataView(bytes.buffer).setInt32(8, descriptorIn(k, action), true);
  return bytes;
}

/** Errors that what the flags give may cause. */
const OF_FLAGS: ReadonlySet<number> = new Set([
  ...[-ERRNO.EFAULT, -ERRNO.EINVAL, -ERRNO.EACCES, -ERRNO.EOPNOTSUPP, -ERRNO.ENOENT],
]);

const EVENTS = {
  [CDEV_CALL.BIND]: ['vfio_df_ioctl_bind_iommufd', 12],
  [CDEV_CALL.ATTACH]: ['vfio_df_ioctl_attach_pt', 12],
  [CDEV_CALL.DETACH]: ['vfio_df_ioctl_detach_pt', 8],
} as const;

/** The errors of the struct itself; 0 if there are none. Flags of newer kernels are refused. */
function refuse(k: Kernel): number {
  const { name, data, answer = 0 } = ioctlOf(k);
  if (data === null) return -ERRNO.EFAULT;
  const view = new DataView(structOf(k).buffer);
  const [argsz, flags] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (name !== CDEV_CALL.BIND) {
    const driver = k.driverOn(k.dev).name;
    return refusesAttachment({ name, argsz, flags }, k.rules.version, driver)?.[0] ?? 0;
  }
  // BIND accepts a VF's token as a flag.
  const allowed = k.rules.version >= BIND_TOKEN_SINCE ? 1 : 0;
  if (argsz < LEAST_BYTES[name] || (flags & ~allowed) !== 0) return -ERRNO.EINVAL;
  // Whether the user has the token of a VF no part of the state shows.
  if (OF_FLAGS.has(answer) && (flags !== 0 || answer === -ERRNO.EACCES)) return answer;
  return view.getInt32(8, true) < 0 ? -ERRNO.EINVAL : 0;
}

const boundTo = (k: Kernel): number => k.get(k.vfio.file(k.arg) + FILE.iommufd);

/** The iommufd that the struct of BIND has the descriptor of: its file, or an errno. */
function iommufdIn(k: Kernel): number {
  const fd = descriptorIn(k, ioctlOf(k));
  const file = k.vfio.descriptors(k.process).find((one) => one.fd === fd)?.file ?? 0;
  if (file === 0) return -ERRNO.EBADF;
  return k.world.file(file).kind === 'iommufd' ? file : -ERRNO.EBADFD;
}

/** Ends the events of a call. @param isInner the function of the call was entered */
function endEvents(k: Kernel, ret: number, isInner: boolean): void {
  if (isInner) k.endCall(ret);
  k.endCall(ret);
}

function end(k: Kernel, ret: number, isInner: boolean): undefined {
  endEvents(k, ret, isInner);
  return k.done(ret);
}

export const CDEV = [
  /** A device that is being removed has no node, and can be opened only by a call that found it. */
  procedure('vfio_device_fops_cdev_open', {
    enter: (k) => {
      const dev = k.findDevice(k.doing.place);
      if (dev === 0 || !k.rules.opensDeviceFiles) return k.done(-ERRNO.ENOENT);
      k.dev = dev;
      const vdev = vdevOf(k);
      if (k.get(vdev + VDEV.registered) === 0 || k.get(vdev + VDEV.leaving) !== 0) {
        return k.done(-ERRNO.ENOENT);
      }
      k.beginCall({ call: 'vfio_device_fops_cdev_open', device: addressOf(k) });
    },
    get: (k) => {
      const vdev = vdevOf(k);
      const isLeaving = k.get(vdev + VDEV.leaving) !== 0 && k.get(vdev + VDEV.refs) === 0;
      const isGone = k.get(vdev + VDEV.registered) === 0 || isLeaving;
      k.endCall(isGone ? -ERRNO.ENODEV : 0);
      if (isGone) return k.done(-ERRNO.ENODEV);
      k.add(vdev + VDEV.refs, 1);
      k.set(k.vfio.file(k.arg) + FILE.dev, k.dev);
      return k.done(0);
    },
  }),

  /** Calls that only character devices have, and calls of a file that is not bound. */
  procedure('cdev_ioctl', {
    enter: (k) => {
      k.dev = k.get(k.vfio.file(k.arg) + FILE.dev);
      const action = ioctlOf(k);
      const { name } = action;
      const isOwn = isCdevCall(name);
      if (!isOwn && boundTo(k) !== 0) return k.call('device_ioctl', 0, 0, k.arg, 'served');
      const device = addressOf(k);
      const data = structOf(k);
      const place = {
        ioctl: name,
        value: ioctlFacts(name).number,
        device,
        offset: pointerOf(action),
      };
      k.beginCall({ call: 'vfio_device_fops_unl_ioctl', ...place, data });
      if (name !== CDEV_CALL.BIND && boundTo(k) === 0) return end(k, -ERRNO.EINVAL, false);
      const [call, bytes] = EVENTS[name as keyof typeof EVENTS];
      k.beginCall({ call, device, data: data.subarray(0, bytes) });
      const isOfGroup = name === CDEV_CALL.BIND && k.world.file(k.arg).kind === 'device';
      const refused = refuse(k);
      if (refused < 0 || isOfGroup) return end(k, refused < 0 ? refused : -ERRNO.EINVAL, true);
      return name === CDEV_CALL.BIND
        ? k.call('vfio_df_ioctl_bind_iommufd', k.dev, 0, k.arg, 'served')
        : undefined;
    },
    lock: takes(setLock, (k) => {
      const [, flags = 0, pt = 0] = wordsOf(ioctlOf(k));
      const isAttach = ioctlOf(k).name === CDEV_CALL.ATTACH;
      if (flags !== 0) k.i = isAttach ? attachPasidOf(k, boundTo(k)) : detachPasidOf(k, boundTo(k));
      else if (isAttach) k.i = attachDevice(k, boundTo(k), pt);
      else detachDevice(k);
    }),
    unlock: gives(setLock, (k) => end(k, k.i, true)),
    served: joined((k) => k.done(k.ret)),
  }),

  /**
   * The group cannot be opened from now on, and the device has one file that is bound. The events
   * of the call end before a reference to an iommufd is dropped, which is work of the task.
   */
  procedure('vfio_df_ioctl_bind_iommufd', {
    lockGroup: takes(lockOfDevGroup, (k) => {
      const group = groupOfDev(k);
      if (k.get(group + GROUP.opened) !== 0) k.i = -ERRNO.EBUSY;
      else k.add(group + GROUP.cdevs, 1);
    }),
    unlockGroup: gives(lockOfDevGroup, (k) => (k.i < 0 ? end(k, k.i, true) : undefined)),
    lock: takes(setLock, (k) => {
      const refused = boundTo(k) !== 0 ? -ERRNO.EINVAL : matchBind(k, k.dev);
      const found = refused < 0 ? refused : iommufdIn(k);
      k.i = Math.min(found, 0);
      if (found < 0) return 'unlock';
      k.n = found;
      k.add(k.vfio.file(found) + FILE.refs, 1);
      k.beginCall({ call: 'vfio_df_open', device: addressOf(k) });
      const opens = vdevOf(k) + VDEV.opens;
      k.i = k.get(opens) > 0 ? -ERRNO.EINVAL : refusesOpen(k, k.dev);
      if (k.i === 0) k.i = bindDevice(k, found);
      if (k.i < 0) return 'opened';
      k.add(opens, 1);
      return k.call(openOf(k), k.dev, 0, 0, 'enabled');
    }),
    enabled: joined((k) => {
      k.i = k.ret;
      if (k.i === 0) return k.set(k.vfio.file(k.arg) + FILE.iommufd, k.n);
      k.add(vdevOf(k) + VDEV.opens, -1);
      return unbindDevice(k);
    }),
    opened: joined((k) => k.endCall(k.i)),
    unlock: gives(setLock, (k) => (k.i < 0 ? undefined : end(k, 0, true))),
    lockAgain: takes(lockOfDevGroup, (k) => k.add(groupOfDev(k) + GROUP.cdevs, -1)),
    unlockAgain: gives(lockOfDevGroup, (k) => {
      endEvents(k, k.i, true);
      return k.n === 0 ? k.done(k.i) : k.call('fput', 0, 0, k.n);
    }),
    exit: joined((k) => k.done(k.i)),
  }),

  /** Returns the iommufd that the file held; 0 if it was not bound. */
  procedure('vfio_device_cdev_release', {
    enter: (k) => {
      k.dev = k.get(k.vfio.file(k.arg) + FILE.dev);
      k.n = boundTo(k);
      const device = addressOf(k);
      k.pointCall({ call: 'vfio_device_fops_release', device });
      k.pointCall({ call: 'vfio_df_unbind_iommufd', device });
      return k.n === 0 ? 'put' : undefined;
    },
    lock: takes(setLock, (k) => {
      k.pointCall({ call: 'vfio_df_close', device: addressOf(k) });
      return k.call(closeOf(k), k.dev);
    }),
    closed: joined((k) => {
      unbindDevice(k);
      k.add(vdevOf(k) + VDEV.opens, -1);
    }),
    unlock: gives(setLock),
    lockGroup: takes(lockOfDevGroup, (k) => k.add(groupOfDev(k) + GROUP.cdevs, -1)),
    unlockGroup: gives(lockOfDevGroup),
    put: (k) => {
      k.set(k.vfio.file(k.arg) + FILE.dev, 0);
      k.set(k.vfio.file(k.arg) + FILE.iommufd, 0);
      k.add(vdevOf(k) + VDEV.refs, -1);
      k.done(k.n);
    },
  }),
];
