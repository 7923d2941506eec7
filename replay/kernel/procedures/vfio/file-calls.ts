/**
 * Files of VFIO: open, close, and the end of a process (kernel drivers/vfio/container.c, group.c
 * 6.12, fs/file_table.c, kernel/exit.c, kernel/task_work.c 6.1).
 */
import { ERRNO } from '../../../../traces/index.js';
import type { Kernel } from '../../kernel.js';
import { FAULT } from '../../layout.js';
import { gives, joined, procedure, takes, waits } from '../../steps.js';
import { type Descriptor, FILE, GROUP, PROCESS } from '../../vfio-cells.js';
import {
  actionOf,
  descriptorOf,
  EBADF,
  groupOfFile,
  install,
  lockOfFileGroup,
  uninstall,
} from './common.js';
import { openIommufd } from './iommufd-calls.js';
import { leaveIommufd } from './iommufd-devices.js';
import { firstUnmaskedBy, releaseEventfd, writeEventfd } from './irqs.js';
import { inheritMappings } from './memory.js';
import { refusedByNode } from './node-access.js';

/** Cells of the IOMMU group whose file the operation opens. */
const groupToOpen = (k: Kernel): number => k.vfio.group(k.doing.place!);
const groupLock = (k: Kernel): number => groupToOpen(k) + GROUP.lock;

/** A group is open once, not together with a character device, and as long as VFIO has devices. */
function openGroup(k: Kernel): number {
  const group = groupToOpen(k);
  if (k.get(group + GROUP.devices) === 0) return -ERRNO.ENODEV;
  if (k.get(group + GROUP.opened) !== 0 || k.get(group + GROUP.cdevs) > 0) return -ERRNO.EBUSY;
  k.set(group + GROUP.opened, k.doing.file);
  return 0;
}

/**
 * A reference is dropped.
 * @returns whether it was the last one
 */
function drop(k: Kernel, file: number): boolean {
  const refs = k.vfio.file(file) + FILE.refs;
  k.add(refs, -1);
  return k.get(refs) === 0;
}

const RELEASE = {
  container: 'vfio_fops_release',
  group: 'vfio_group_fops_release',
  device: 'vfio_device_fops_release',
  cdev: 'vfio_device_cdev_release',
  iommufd: 'iommufd_fops_release',
  eventfd: 'eventfd_release',
  migration: 'migration_release',
} as const;

const callRelease = (k: Kernel, file: number, then?: string): undefined =>
  k.call(RELEASE[k.world.file(file).kind], 0, 0, file, then);

/** Files that a process closes as it ends, last first; the first `n` are for the next round. */
function closeAll(k: Kernel): void {
  const { process } = k;
  const open = [...k.vfio.maps(process), ...k.vfio.descriptors(process)];
  const last: Descriptor[] = [];
  for (const { name, file } of open) if (drop(k, file)) last.push({ name, fd: -1, file });
  k.vfio.put(process + PROCESS.maps, null);
  k.vfio.putList(process + PROCESS.files, last);
}

/** Other threads of the process that are in the kernel. */
function othersOf(k: Kernel): number[] {
  const own = k.world.processes[k.thread];
  const threads = k.world.processes.flatMap((process, i) => (process === own ? [i] : []));
  return threads.filter((i) => i !== k.thread && k.isInCall(i));
}

/** The file that is released next; 0 if there is none. */
function popFile(k: Kernel): number {
  const { process } = k;
  const left = k.vfio.descriptors(process);
  const last = left.at(-1);
  if (last === undefined) return 0;
  if (left.length === k.n) k.n = 0;
  k.vfio.putList(process + PROCESS.files, left.slice(0, -1));
  return last.file;
}

export const FILES = [
  procedure('open', {
    enter: (k) => {
      const action = actionOf<'open'>(k);
      const { file } = k.doing;
      const denied = refusedByNode(k);
      if (denied < 0) return k.done(denied);
      if (action.file === 'cdev') {
        return k.call('vfio_device_fops_cdev_open', 0, 0, file, 'opened');
      }
      const refused = action.file === 'iommufd' ? openIommufd(k, file) : 0;
      if (refused < 0) return k.done(refused);
      if (action.file === 'container') k.beginCall({ call: 'vfio_fops_open' });
      if (action.file === 'group') {
        // Without a device of VFIO there is no node in /dev/vfio.
        if (k.get(groupToOpen(k) + GROUP.devices) === 0) return k.done(-ERRNO.ENOENT);
        const value = k.vfio.numberOfGroup(groupToOpen(k));
        k.beginCall({ call: 'vfio_group_fops_open', value });
        return 'lock';
      }
      k.set(k.vfio.file(file) + FILE.refs, 1);
      if (action.file === 'container') k.endCall(0);
      return k.done(install(k, file, action.as));
    },
    lock: takes(groupLock, (k) => {
      k.i = openGroup(k);
    }),
    unlock: gives(groupLock),
    exit: joined((k) => {
      k.endCall(k.i);
      return k.i < 0 ? k.done(k.i) : 'install';
    }),
    opened: joined((k) => (k.ret < 0 ? k.done(k.ret) : undefined)),
    install: joined((k) => {
      const { file } = k.doing;
      k.set(k.vfio.file(file) + FILE.refs, 1);
      return k.done(install(k, file, actionOf<'open'>(k).as));
    }),
  }),

  procedure('close', {
    enter: (k) => {
      const found = descriptorOf(k, actionOf<'close'>(k).file);
      if (found === null) return k.done(EBADF);
      uninstall(k, found.fd);
      return k.call('fput', 0, 0, found.file);
    },
    exit: joined((k) => k.done(0)),
  }),

  /** Drops a reference to a file; releasing a device also releases its group, or its iommufd. */
  procedure('fput', {
    drop: (k) => {
      if (!drop(k, k.arg)) return k.done(0);
      return callRelease(k, k.arg);
    },
    next: joined((k) => {
      if (k.ret === 0) return k.done(0);
      return k.call('fput', 0, 0, k.ret);
    }),
    exit: joined((k) => k.done(0)),
  }),

  /** A container without its file lives on in the groups that are in it. */
  procedure('vfio_fops_release', {
    enter: (k) => {
      k.pointCall({ call: 'vfio_fops_release' });
      k.done(0);
    },
  }),

  procedure('eventfd_release', {
    enter: (k) => {
      k.n = k.hasBug('virqfdReleasedTwice') ? firstUnmaskedBy(k, k.arg) : 0;
      return k.n === 0 ? 'release' : undefined;
    },
    // A call may have released it since.
    again: (k) => {
      if (firstUnmaskedBy(k, k.arg) !== k.n) k.fault(FAULT.interruptUseAfterFree);
    },
    release: joined((k) => {
      releaseEventfd(k, k.arg);
      k.done(0);
    }),
  }),

  /** A write to an eventfd. */
  procedure('signal', {
    enter: (k) => {
      const file = descriptorOf(k, actionOf<'signal'>(k).file)?.file ?? 0;
      if (file === 0) return k.done(EBADF);
      if (k.world.file(file).kind !== 'eventfd') return k.done(-ERRNO.EINVAL);
      writeEventfd(k, file);
      return k.done(0);
    },
  }),

  /** Returns the iommufd that the group was in. */
  procedure('vfio_group_fops_release', {
    enter: (k) => {
      const value = k.vfio.numberOfGroup(groupOfFile(k));
      k.pointCall({ call: 'vfio_group_fops_release', value });
    },
    lock: takes(lockOfFileGroup, (k) => {
      const group = groupOfFile(k);
      if (k.get(group + GROUP.opened) !== k.arg) return 'unlock';
      if (k.get(group + GROUP.container) === 0) return 'free';
      return k.call('vfio_group_detach_container', 0, group);
    }),
    free: joined((k) => k.set(groupOfFile(k) + GROUP.opened, 0)),
    unlock: gives(lockOfFileGroup, (k) => {
      k.set(k.vfio.file(k.arg) + FILE.revoked, 0);
      k.done(leaveIommufd(k));
    }),
  }),

  /** The new process has the descriptors and mappings of the other one (kernel/fork.c 6.1). */
  procedure('inherit', {
    copy: (k) => {
      const { process: name } = actionOf<'inherit'>(k);
      const parent = k.world.actors.findIndex(({ process }) => process === name);
      if (parent < 0) return k.done(0);
      const from = k.vfio.process(parent);
      const files = k.vfio.descriptors(from);
      for (const { file } of files) k.add(k.vfio.file(file) + FILE.refs, 1);
      k.vfio.putList(k.process + PROCESS.files, [...files]);
      inheritMappings(k, from);
      return k.done(0);
    },
  }),

  /**
   * Mappings are removed, then descriptors from the lowest on; files without references are
   * released in the opposite order, as work of the task. What that releases follows in the round
   * after it.
   */
  procedure('exit', {
    enter: (k) => {
      k.set(k.process + PROCESS.exited, 1);
    },
    gather: waits(
      (k) => othersOf(k).length === 0,
      () => 'the other threads of the process',
      closeAll,
      othersOf,
    ),
    next: joined((k) => {
      const file = popFile(k);
      if (file === 0) return k.done(0);
      return callRelease(k, file);
    }),
    held: joined((k) => {
      if (k.ret === 0 || !drop(k, k.ret)) return 'next';
      const { process } = k;
      const left = k.vfio.descriptors(process);
      const entry = { name: '', fd: -1, file: k.ret };
      k.vfio.put(process + PROCESS.files, [...left.slice(0, k.n), entry, ...left.slice(k.n)]);
      k.n = k.n + 1;
      return 'next';
    }),
  }),
];
