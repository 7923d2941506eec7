/** A call of a process on its files, as an operation, with the files that it needs. */
import { ERRNO } from '../../traces/index.js';
import type { IoctlAction } from '../kernel/index.js';
import { isUuid } from '../model/mdev/index.js';
import { lowPowerChange } from '../model/vfio/device-ioctl.js';
import { ioctlFacts } from '../model/vfio/ioctl-numbers.js';
import { setsUnmasker } from '../model/vfio/vfio-irqs.js';
import { ATTACH, BIND, BIND_FD, CONTAINER_FD, DETACH, PAGE_TABLE, wordAt } from './call-structs.js';
import type { Decisions } from './decisions.js';
import type { Groups } from './groups.js';
import type { RecordedEvent } from './recording.js';
import type { Shown } from './thread-order.js';
import type { UserActions } from './user-actions.js';
import type { UserCall } from './user-call.js';
import { CHANGING, OF_MEMORY } from './user-containers.js';
import type { UserFile } from './user-file.js';
import type { UserFiles } from './user-files.js';
import { changesIommufd } from './user-iommufds.js';

/** Arguments of VFIO_CHECK_EXTENSION that are answered with 1, -ENODEV by an iommufd, and 0. */
const TYPE1V2 = 3;
const DMA_CC = 4;
const UNKNOWN_TYPE = 99;
/** The most files of one call that are repeated. */
const FILES_MAX = 64;
/** The name of no file. */
const NOTHING = 'nothing';
/** An argument of a container's call that is not recorded, as what came of the call shows it. */
function numberShownBy(name: string, ret: number): number {
  if (ret === -ERRNO.ENODEV) return DMA_CC;
  const isSet = name === 'VFIO_SET_IOMMU' && ret !== -ERRNO.EINVAL;
  return ret > 0 || isSet ? TYPE1V2 : UNKNOWN_TYPE;
}

/** The third argument of an ioctl; null when it is not recorded. */
const pointerOf = ({ access, systemCall }: RecordedEvent): number | null =>
  access?.offset ?? systemCall?.argument ?? null;

/** The eventfd of such a call is not recorded. */
function namesEventfd({ name, data }: RecordedEvent): boolean {
  const flags = wordAt(data, 4) ?? 0;
  if (name === 'VFIO_DEVICE_FEATURE') return lowPowerChange(flags) === 'until resumed';
  return name === 'VFIO_DEVICE_SET_IRQS' && setsUnmasker(flags);
}

const isOfMdev = ({ device }: RecordedEvent): boolean => device !== null && isUuid(device);

/** The struct of an ioctl, where the recording has it. */
function structOf({ begin, inner, ret }: UserCall): Uint8Array {
  const { size, file } = ioctlFacts(begin.name);
  // What is not recorded of a call of a mediated device may be anything.
  if (isOfMdev(begin)) return Uint8Array.from(begin.data ?? []);
  const bytes = new Uint8Array(Math.max(size, 32));
  const irqs = inner.find(({ kind }) => kind === 'irq.set')?.access;
  const served = inner.find(({ kind }) => kind === 'ioctl');
  const view = new DataView(bytes.buffer);
  if (file === 'group') view.setUint32(0, ret < 0 ? 4 : 8, true);
  else if (file === 'container') bytes.set(served?.data ?? []);
  else bytes.set(begin.data ?? []);
  if (begin.name !== 'VFIO_DEVICE_SET_IRQS') return bytes;
  view.setUint32(12, irqs?.offset ?? 0, true);
  // Arguments that were refused before they were recorded: too many interrupts.
  view.setUint32(16, irqs === undefined ? 0xffff : (irqs?.length ?? 0), true);
  return bytes;
}

/**
 * Whether a call of a character device's file is of one that is bound: BIND is refused at once by
 * such a file, and other calls by those that are not.
 */
function callsBound({ begin, inner, ret }: UserCall): boolean {
  if (begin.name === BIND)
    return ret === -ERRNO.EINVAL && !inner.some((e) => e.kind === 'device.open');
  return ret !== -ERRNO.EINVAL || inner.length > 0;
}

export class UserCalls {
  /** Files of the process whose call it is. */
  #files!: UserFiles;

  constructor(
    private readonly actions: UserActions,
    private readonly groups: Groups,
    private readonly shows: Shown,
    private readonly decisions: Decisions,
  ) {}

  /** @returns why it cannot be repeated; null when it can */
  ioctl(files: UserFiles, call: UserCall): string | null {
    this.#files = files;
    const fd = call.begin.systemCall?.fd ?? -1;
    switch (call.begin.call) {
      case 'vfio_fops_unl_ioctl': {
        const known = fd < 0 ? this.#containerOfCall(files, call) : null;
        const container = known ?? this.#container(files, fd);
        this.#do(call, container);
        files.containers.done(container, call);
        return null;
      }
      case 'vfio_group_fops_unl_ioctl':
        return this.#group(files, call, fd);
      case 'iommufd_fops_ioctl':
        this.#iommufdCall(files, call, fd);
        return null;
      case 'vfio_device_fops_unl_ioctl':
        return this.#device(files, call, fd);
      default:
        return `${call.begin.name} outside of a call`;
    }
  }

  #containerOfCall(files: UserFiles, call: UserCall): UserFile | null {
    const all = files.of('container');
    const found = files.containers.ofCall(all, call, this.shows);
    if (found.length === 0 && all.length > 1) this.decisions.contradict(files.process);
    const isChange = call.ret === 0 && CHANGING.has(call.begin.name);
    return this.#choose(files, isChange ? found : found.slice(0, 1)) ?? all.at(-1) ?? null;
  }

  /** One of several files; null if there is none. */
  #choose(files: UserFiles, found: readonly (UserFile | null)[]): UserFile | null {
    return found[this.decisions.choose(files.process, found.length)] ?? null;
  }

  #iommufdCall(files: UserFiles, call: UserCall, fd: number): void {
    if (fd >= 0) {
      this.#do(call, this.#iommufd(files, fd));
      return;
    }
    const all = files.of('iommufd');
    const found = files.iommufds.ofCall(all, call);
    if (found.length === 0) this.decisions.contradict(files.process);
    const isKnown = found.length > 0;
    const chosen = this.#choose(files, changesIommufd(call) ? found : found.slice(0, 1));
    const file = chosen ?? (isKnown ? null : all.at(-1)) ?? this.#newIommufd(files);
    this.#do(call, file);
    files.iommufds.done(file, call);
  }

  #newIommufd(files: UserFiles): UserFile {
    return files.open({ kind: 'iommufd', address: null, group: null }, -1);
  }

  /** A file of an iommufd is released. */
  releaseIommufd(files: UserFiles): void {
    const found = files.iommufds.toRelease(files.of('iommufd'));
    // One without any recorded call was opened before it is closed.
    const file = this.#choose(files, found) ?? this.#newIommufd(files);
    files.closeGroupsIn(file);
    files.close(file);
  }

  #container(files: UserFiles, fd: number): UserFile {
    const known =
      files.at(fd, 'container') ??
      (fd < 0 ? files.of('container').at(-1) : files.adopt(fd, 'container'));
    return known ?? files.open({ kind: 'container', address: null, group: null }, fd);
  }

  #iommufd(files: UserFiles, fd: number): UserFile {
    const known = files.at(fd, 'iommufd') ?? (fd < 0 ? files.of('iommufd').at(-1) : undefined);
    return known ?? files.open({ kind: 'iommufd', address: null, group: null }, fd);
  }

  #group(files: UserFiles, call: UserCall, fd: number): string | null {
    const { begin, ret, inner } = call;
    const group = this.#groupOf(files, call, fd);
    const members = group === null ? [] : this.groups.in(group);
    if (group === null || members.length === 0) return 'a call on an unknown group';
    const file =
      files.at(fd, 'group') ??
      files.groupAt(group) ??
      files.open({ kind: 'group', address: members[0], group }, fd);
    if (begin.name === 'VFIO_GROUP_SET_CONTAINER') {
      const container = this.#containerOf(files, call);
      this.#do(call, file, { files: [container?.name ?? NOTHING] });
      if (ret === 0 && container !== null) files.join(file, container, call.setBy);
    } else if (begin.name === 'VFIO_GROUP_GET_DEVICE_FD') {
      const opened = inner.find(({ kind }) => kind === 'device.open')?.device;
      const named = opened ?? this.#openOf(files, group) ?? members[0];
      const address = ret === -ERRNO.ENODEV ? null : named;
      const token = ret === -ERRNO.EACCES ? { answer: ret } : {};
      if (ret < 0) this.#do(call, file, { address, as: NOTHING, ...token });
      else {
        const device = files.add({ kind: 'device', address: named, group }, ret);
        files.opens(file, device);
        this.#do(call, file, { address, as: device.name });
      }
    } else this.#do(call, file);
    if (ret === 0 && begin.name === 'VFIO_GROUP_UNSET_CONTAINER') {
      const isExplained = !this.shows.unmaps || files.containers.explainsLeaving(file, inner);
      if (!isExplained) this.decisions.contradict(files.process);
      files.leave(file);
    }
    return null;
  }

  /** The number of a group: it is recorded, or what the thread does then shows it. */
  #groupOf(files: UserFiles, { begin, inner, shown }: UserCall, fd: number): number | null {
    const recorded = wordAt(begin.data, 0) ?? files.at(fd, 'group')?.group ?? null;
    const open = files.of('group');
    // That of a group whose last device has left VFIO reads as 0.
    const isGone = recorded === 0 && open.length > 0 && files.groupAt(0) === null;
    if (recorded !== null && !isGone) return recorded;
    const within = inner.find((e) => e.device !== null)?.device ?? null;
    if (within === null && open.length > 0) return open[open.length - 1].group;
    const address = within ?? shown;
    return address === null ? null : this.groups.of(address);
  }

  /** A device of a group that is open already: a second file of it opens nothing. */
  #openOf(files: UserFiles, group: number): string | null {
    return files.of('device').find((file) => file.group === group)?.address ?? null;
  }

  /**
   * What SET_CONTAINER names: the recording has the descriptor, or only what came of it. A group
   * that joins a container is claimed at once, and one that is put into an iommufd with its device.
   */
  #containerOf(files: UserFiles, { begin, inner, ret, setBy }: UserCall): UserFile | null {
    const fd = wordAt(begin.data, CONTAINER_FD);
    if (ret === -ERRNO.EBADF) return null;
    if (fd !== null && begin.systemCall !== null) {
      return files.at(fd, 'container', 'iommufd') ?? this.#container(files, fd);
    }
    const claims = inner.filter(({ kind }) => kind === 'iommu.attach');
    if (ret === 0 && this.shows.claims && claims.length === 0) {
      const all = files.iommufds.toJoin(files.of('iommufd'));
      return this.#choose(files, all) ?? this.#newIommufd(files);
    }
    const isKnown = ret === 0 && this.shows.claims;
    // Each function is claimed, and attached to a domain if there is an IOMMU driver.
    const hasIommu = claims.filter(({ device }) => device === claims[0].device).length > 1;
    const all = files.of('container');
    const found = files.containers.toJoin(all, isKnown ? hasIommu : null, setBy);
    return (
      this.#choose(files, found) ??
      files.open({ kind: 'container', address: null, group: null }, -1)
    );
  }

  #device(files: UserFiles, call: UserCall, fd: number): string | null {
    const { begin, inner } = call;
    const { name, device } = begin;
    const file = device === null ? null : this.#fileOf(files, call, device, fd);
    if (file === null) return 'a call on a device that was opened before';
    if (name === BIND) {
      this.#closeGroup(files, call, file);
      this.#do(call, file, { files: this.#iommufdOf(files, call, file) });
      if (call.ret === 0) files.bind(file);
    } else if (name === 'VFIO_DEVICE_SET_IRQS')
      this.actions.setIrqs(this.#action(call, file), inner);
    else if (name === 'VFIO_DEVICE_PCI_HOT_RESET') {
      this.#do(call, file, { files: this.#groupsOf(files, call, file) });
    } else this.#do(call, file);
    if (name === ATTACH) {
      const pt = wordAt(begin.data, PAGE_TABLE) ?? 0;
      if (!files.iommufds.attach(file, pt, call.ret)) this.decisions.contradict(files.process);
    } else if (name === DETACH && call.ret === 0) files.iommufds.detach(file);
    return null;
  }

  /** The file of a call on a device. One of a descriptor that no group gave is a new cdev's. */
  #fileOf(files: UserFiles, call: UserCall, device: string, fd: number): UserFile | null {
    const known =
      fd < 0 ? files.fileOfCall(device, fd, callsBound(call)) : files.at(fd, 'device', 'cdev');
    const isNew = known === null && (fd >= 0 || (call.begin.name === BIND && !this.shows.opening));
    if (!isNew) return known;
    return files.open({ kind: 'cdev', address: device, group: this.groups.of(device) }, fd);
  }

  /** A device that BIND comes to open has no open group: closing it shows in nothing else. */
  #closeGroup(files: UserFiles, { begin, inner, ret }: UserCall, { group }: UserFile): void {
    const opens = ret === 0 || inner.some(({ kind }) => kind === 'device.open');
    const file = opens && begin.systemCall === null ? files.groupAt(group ?? -1) : null;
    if (file !== null) files.close(file);
  }

  /** The iommufd that BIND names. */
  #iommufdOf(files: UserFiles, { begin, ret }: UserCall, device: UserFile): (string | null)[] {
    const fd = wordAt(begin.data, BIND_FD) ?? -1;
    if (fd < 0 || pointerOf(begin) === 0) return [null];
    const known = begin.systemCall === null ? null : files.at(fd, 'iommufd', 'cdev', 'device');
    if (known !== null) return [known.name];
    if (ret === -ERRNO.EBADF) return [NOTHING];
    const isIommufd = ret !== -ERRNO.EBADFD;
    if (isIommufd && begin.systemCall === null) {
      const found = files.iommufds.ofBind(files.of('iommufd'), fd);
      const chosen = this.#choose(files, ret === 0 ? found : found.slice(0, 1));
      const file = chosen ?? this.#newIommufd(files);
      if (ret === 0) files.iommufds.bind(file, device, fd);
      return [file.name];
    }
    // A call that was refused for something else shows no further iommufd.
    const other = ret < 0 ? files.of('iommufd').at(-1) : undefined;
    if (isIommufd) return [(other ?? this.#iommufd(files, fd)).name];
    const event = this.actions.newName('event');
    this.actions.do({ type: 'open', file: 'eventfd', address: null, as: event });
    return [event];
  }

  /** Groups that a reset of a bus names, which are not recorded: what came of it shows them. */
  #groupsOf(files: UserFiles, { begin, ret }: UserCall, file: UserFile): (string | null)[] {
    const count = wordAt(begin.data, 8) ?? 0;
    const groups = files.of('group');
    if (count === 0) return [];
    if (ret === -ERRNO.EBADF) return [null];
    if (ret !== -ERRNO.EINVAL) return groups.map(({ name }) => name);
    // A call that is refused names another group, or a file of another kind.
    const other = groups.find(({ group }) => group !== file.group) ?? file;
    return Array.from({ length: Math.min(count, FILES_MAX) }, () => other.name);
  }

  #action(call: UserCall, file: UserFile): IoctlAction {
    const { begin, ret } = call;
    const { argument } = ioctlFacts(begin.name);
    const offset = pointerOf(begin);
    const isOfIommufd = begin.call === 'iommufd_fops_ioctl';
    // Where the pointer is not recorded, the call has its struct.
    const hasStruct = argument === 'struct' && offset !== 0;
    const data = isOfIommufd ? Uint8Array.from(begin.data ?? []) : null;
    const decides = namesEventfd(begin) || isOfIommufd || file.kind === 'cdev' || isOfMdev(begin);
    const faults = call.inner.filter(({ kind }) => kind === 'fault.page');
    const maps = call.inner.filter(({ kind }) => begin.name === ATTACH && kind === 'dma.map');
    const pinned = maps.reduce((sum, { access }) => sum + (access?.length ?? 0), 0);
    const ofMemory = begin.name === 'VFIO_IOMMU_MAP_DMA' && OF_MEMORY.has(ret);
    return {
      type: 'ioctl',
      file: file.name,
      name: begin.name,
      value: argument === 'number' ? (offset ?? numberShownBy(begin.name, ret)) : 0,
      data: hasStruct ? (data ?? structOf(call)) : null,
      files: [],
      address: null,
      token: null,
      as: null,
      ...(decides || ofMemory ? { answer: ret } : {}),
      ...(pinned > 0 ? { pinned } : {}),
      ...(faults.length > 0 ? { touches: this.actions.touches(this.#files.process, faults) } : {}),
    };
  }

  #do(call: UserCall, file: UserFile, more: Partial<IoctlAction> = {}): void {
    this.actions.do({ ...this.#action(call, file), ...more });
  }
}
