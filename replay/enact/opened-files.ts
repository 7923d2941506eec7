/** Files that system calls opened, as their descriptors show it when they are used. */
import { ERRNO } from '../../traces/index.js';
import { BIND, BIND_FD, wordAt } from './call-structs.js';
import type { RecordedEvent } from './recording.js';
import type { SystemCall } from './system-calls.js';
import type { UserFileKind } from './user-file.js';

export interface Opening {
  readonly call: SystemCall;
  readonly kind: UserFileKind;
  /** The function of a character device. */
  readonly device: string | null;
  /** Number of a group. */
  readonly group: number | null;
}

const OPENING: ReadonlySet<string> = new Set(['open', 'openat', 'openat2']);
/** The file that a function of VFIO is called on. Devices that a group hands out are not opened. */
const KINDS: Readonly<Record<string, UserFileKind>> = {
  vfio_fops_unl_ioctl: 'container',
  vfio_group_fops_unl_ioctl: 'group',
  iommufd_fops_ioctl: 'iommufd',
  vfio_device_fops_unl_ioctl: 'cdev',
  vfio_pci_rw: 'cdev',
  vfio_pci_core_mmap: 'cdev',
};

/**
 * What system calls opened, in their order. Those are left out whose file is not used, or whose
 * opening is an event of its own.
 * @param systemCalls all that have ended
 */
export function openingsOf(
  systemCalls: readonly SystemCall[],
  events: readonly RecordedEvent[],
): Opening[] {
  const openings: Opening[] = [];
  /** The call by which a descriptor was opened that was not used so far. */
  const unused = new Map<string, SystemCall>();
  const ofFiles = systemCalls.filter(({ name }) => name === 'close' || OPENING.has(name));
  const calls = ofFiles.sort((a, b) => a.seq - b.seq);
  let at = 0;
  for (const e of events) {
    for (; at < calls.length && calls[at].seq < e.seq; at++) note(unused, calls[at]);
    const { kind, call, systemCall, phase } = e;
    if (systemCall === null || phase === 'end') continue;
    if (kind === 'file.open' || kind === 'group.open') {
      for (const [key, one] of unused) if (one === systemCall) unused.delete(key);
    }
    const use = (opened: UserFileKind, fd: number) => {
      const key = `${systemCall.pid} ${fd}`;
      const by = unused.get(key);
      if (by === undefined) return;
      unused.delete(key);
      const group = opened === 'group' ? wordAt(e.data, 0) : null;
      openings.push({ call: by, kind: opened, device: opened === 'cdev' ? e.device : null, group });
    };
    if (KINDS[call] !== undefined) use(KINDS[call], systemCall.fd);
    const isOther = systemCall.ret === -ERRNO.EBADF || systemCall.ret === -ERRNO.EBADFD;
    if (e.name === BIND && !isOther) use('iommufd', wordAt(e.data, BIND_FD) ?? -1);
  }
  return openings.sort((a, b) => a.call.seq - b.call.seq);
}

function note(unused: Map<string, SystemCall>, call: SystemCall): void {
  const { name, pid, fd, ret } = call;
  if (name === 'close') unused.delete(`${pid} ${fd}`);
  else if (ret !== null && ret >= 0) unused.set(`${pid} ${ret}`, call);
}
