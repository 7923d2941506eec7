/**
 * What users of VFIO did in a recording, as operations of its threads. Each call is an operation; a
 * file is opened when it is first used, and closed when that shows, unless the recording has the
 * calls that open and close it.
 */
import { ERRNO } from '../../traces/index.js';
import { isUuid } from '../model/mdev/index.js';
import { Decisions } from './decisions.js';
import { Groups } from './groups.js';
import { type Opening, openingsOf } from './opened-files.js';
import type { RecordedEvent, Recording } from './recording.js';
import type { SystemCall } from './system-calls.js';
import { endsOf, nextOf, shownBy } from './thread-order.js';
import { fallsBack, UserActions, type UserOperation } from './user-actions.js';
import type { UserCall } from './user-call.js';
import { UserCalls } from './user-calls.js';
import { UserClosing } from './user-closing.js';
import type { UserFileKind } from './user-file.js';
import { UserFiles } from './user-files.js';

export interface Users {
  readonly operations: readonly UserOperation[];
  /** The process of each thread that is a user; threads of one process share files. */
  readonly processes: ReadonlyMap<number, number>;
  /** Processes that use files which their calls do not name: iommufds and character devices. */
  readonly guessed: ReadonlySet<number>;
  /** The process that a process shares its files with. */
  processOf(pid: number): number;
  /** Events that cannot be repeated, and why. */
  readonly dropped: ReadonlyMap<RecordedEvent, string>;
}

export function usersOf(recording: Recording, events: readonly RecordedEvent[]): Users {
  const decisions = new Decisions();
  for (;;) {
    const derivation = new Derivation(recording, events, decisions);
    derivation.run();
    if (!decisions.again()) return derivation;
  }
}

/** Calls that come from user space alone: whatever was under way in their thread has ended. */
const FROM_USER: ReadonlySet<string> = new Set([
  ...['vfio_fops_unl_ioctl', 'vfio_group_fops_unl_ioctl', 'vfio_device_fops_unl_ioctl'],
  ...['iommufd_fops_ioctl', 'vfio_pci_rw', 'vfio_pci_core_mmap'],
]);

/** Kinds of events that only come within a call of a user. */
const INNER: ReadonlySet<string> = new Set([
  ...['munmap', 'reset', 'device.open', 'irq.set', 'power', 'config.read', 'config.write'],
  ...['dma.attach', 'dma.map'],
]);
const OF_DEVICE = 'vfio_device_fops_unl_ioctl';
/** Functions of calls on the file of a device. */
const FROM_FILE: ReadonlySet<string> = new Set([
  ...[OF_DEVICE, 'vfio_pci_rw', 'vfio_pci_core_mmap'],
  ...['vfio_pci_mmap_fault', 'vfio_pci_mmap_huge_fault'],
]);
/** Functions that open files. */
const OPENINGS: Readonly<Record<string, UserFileKind>> = {
  vfio_fops_open: 'container',
  vfio_group_fops_open: 'group',
  vfio_device_fops_cdev_open: 'cdev',
  iommufd_fops_open: 'iommufd',
};
/** The name of a group's file. */
const GROUP_FILE = /\/dev\/vfio\/(?:noiommu-)?(\d+)$/;

class Derivation implements Users {
  readonly processes = new Map<number, number>();
  readonly dropped = new Map<RecordedEvent, string>();
  readonly #actions = new UserActions();
  readonly #groups: Groups;
  readonly #calls: UserCalls;
  readonly #files = new Map<number, UserFiles>();
  readonly #closer: UserClosing;
  /** System calls that closed a file of VFIO. */
  readonly #closing = new Set<SystemCall>();
  /** Processes that had an event. */
  readonly #began = new Set<number>();
  /** The last event of each process. */
  readonly #lasts = new Map<number, number>();
  #at = 0;
  /** The function that each process used last. */
  readonly #last = new Map<number, string>();
  /** The last event of each thread's call that is under way. */
  readonly #until = new Map<number, number>();
  /** Number of the next event of the same thread. */
  readonly #next: Int32Array;
  /** The same of the process. */
  readonly #nextOfProcess: Int32Array;
  /** Number of the end of each begin; -1 without one. */
  readonly #ends: Int32Array;

  constructor(
    private readonly recording: Recording,
    private readonly events: readonly RecordedEvent[],
    decisions: Decisions,
  ) {
    this.#groups = new Groups(recording);
    this.#calls = new UserCalls(this.#actions, this.#groups, shownBy(events), decisions);
    this.#next = nextOf('tid', events);
    this.#nextOfProcess = nextOf('pid', events);
    this.#ends = endsOf(events);
    this.#closer = new UserClosing(events, this.#next, this.#groups, this.#calls);
    for (const [at, { pid }] of events.entries()) this.#lasts.set(pid, at);
  }

  get guessed(): ReadonlySet<number> {
    return new Set([...this.#files].filter(([, files]) => files.isGuess).map(([pid]) => pid));
  }

  processOf(pid: number): number {
    return this.#files.get(pid)?.root ?? pid;
  }

  get operations(): readonly UserOperation[] {
    return this.#actions.operations;
  }

  run(): void {
    const { events } = this;
    const { systemCalls } = this.recording;
    const closes = systemCalls.filter(({ name, ret }) => name === 'close' && ret === 0);
    const ofFiles = [
      ...closes.map((call) => ({ call, opening: null })),
      ...openingsOf(systemCalls, events).map((opening) => ({ call: opening.call, opening })),
    ].sort((a, b) => a.call.seq - b.call.seq);
    let next = 0;
    for (const [at, e] of events.entries()) {
      for (; next < ofFiles.length && ofFiles[next].call.seq < e.seq; next++) {
        const { call, opening } = ofFiles[next];
        if (opening === null) this.#systemCallCloses(call, at);
        else this.#systemCallOpens(opening, at);
      }
      this.#at = at;
      this.#groups.take(e);
      const until = this.#until.get(e.tid) ?? -1;
      const isFromUser = e.phase === 'begin' && FROM_USER.has(e.call);
      if (at <= until && !isFromUser) continue;
      if (isFromUser) this.#closer.end(e.tid);
      const end = this.#ends[at];
      if (e.phase === 'begin') this.#until.set(e.tid, end < 0 ? events.length : end);
      this.#take(e, at);
    }
    this.#exits();
  }

  /** A process that does nothing more has ended: its files are closed. */
  #exits(): void {
    const last = new Map<UserFiles, number>();
    for (const [at, { tid }] of this.events.entries()) {
      const pid = this.processes.get(tid);
      const files = pid === undefined ? undefined : this.#files.get(pid);
      if (files !== undefined) last.set(files, at);
    }
    for (const [files, at] of last) {
      if (!files.endsUnseen) continue;
      this.#actions.moveTo(at + 0.5, this.events[at].tid);
      this.#actions.do({ type: 'exit' });
    }
  }

  /** A process that uses a file it did not open began as a copy of the one that opened it. */
  #begin(files: UserFiles, { pid, call, device }: RecordedEvent): void {
    this.#began.add(pid);
    const isOfIommufd = call === 'iommufd_fops_ioctl';
    if (!isOfIommufd && (device === null || !FROM_FILE.has(call))) return;
    const parents = [...this.#files.values()].filter(
      (one) => one.process < pid && (this.#lasts.get(one.process) ?? -1) > this.#at,
    );
    const has = (one: UserFiles) =>
      isOfIommufd ? one.of('iommufd').length > 0 : one.uses(device ?? '');
    const parent = parents.filter(has).sort((a, b) => b.process - a.process)[0];
    if (parent !== undefined) files.inherit(parent);
  }

  #filesOf(pid: number): UserFiles {
    let files = this.#files.get(pid);
    if (files === undefined) {
      files = new UserFiles(this.#actions, pid);
      this.#files.set(pid, files);
    }
    return files;
  }

  /** @param at number of the next event */
  #systemCallOpens({ call, kind, device, group }: Opening, at: number): void {
    const address = group === null ? device : (this.#groups.in(group)[0] ?? null);
    if (address === null && (kind === 'group' || kind === 'cdev')) return;
    this.#actions.moveTo(at, call.tid);
    const ofDevice = group ?? (device === null ? null : this.#groups.of(device));
    this.#filesOf(call.pid).open({ kind, address, group: ofDevice }, call.ret ?? -1);
  }

  /** @param at number of the next event */
  #systemCallCloses(call: SystemCall, at: number): void {
    const files = this.#files.get(call.pid);
    if (files === undefined) return;
    this.#actions.moveTo(at, call.tid);
    const file = files.closeAt(call.fd);
    if (file === null) return;
    this.#closing.add(call);
    let i = at;
    while (i < this.events.length && this.events[i].tid !== call.tid) i++;
    for (; i < this.events.length && this.events[i].systemCall === call; i = this.#next[i]) {
      // It was the last reference to the device: no mapping had one any more.
      if (this.events[i].kind === 'device.close') files.unmapAll(this.events[i].device);
    }
    files.close(file);
  }

  #take(e: RecordedEvent, at: number): void {
    if (e.access === null && e.kind !== 'iommu.attach') return;
    this.#actions.moveTo(at, e.tid);
    const files = this.#filesOf(e.pid);
    if (files.isEmpty && !this.#began.has(e.pid)) this.#begin(files, e);
    const why = this.#do(files, e, at);
    if (e.device !== null) {
      this.#last.set(e.pid, e.device);
      const { config, functions } = this.recording;
      // BARs are in the snapshot alone. The IOMMU also moves functions that no user has.
      const isKnown = isUuid(e.device) || (config.knows(e.device) && functions.size > 0);
      const isUse = e.kind !== 'iommu.attach';
      if (isUse && (!isKnown || this.#groups.hasVariant(e.device))) files.isGuess = true;
    }
    if (why === null) this.processes.set(e.tid, files.process);
    else this.#drop(at, why);
  }

  #do(files: UserFiles, e: RecordedEvent, at: number): string | null {
    const fd = e.systemCall?.fd ?? -1;
    switch (e.kind) {
      case 'ioctl':
        return this.#calls.ioctl(files, this.#callAt(at));
      case 'region.read':
      case 'region.write': {
        const file = files.deviceAt(e.device ?? '', fd);
        if (file === null) return 'an access of a device that was opened before';
        this.#actions.access(file.name, e);
        return null;
      }
      case 'mmap': {
        const file = files.deviceAt(e.device ?? '', fd);
        if (file === null) return 'a mapping of a device that was opened before';
        const ret = this.events[this.#ends[at]]?.ret ?? 0;
        const isKnown = this.#actions.map(files.process, file.name, e, ret);
        return isKnown ? null : 'a mapping without its end';
      }
      case 'fault.page':
        return this.#fault(files, at);
      case 'group.open':
      case 'file.open':
        return this.#opens(files, e, at);
      case 'device.close':
      case 'dma.detach':
      case 'file.close':
      case 'group.close':
      case 'dma.unmap':
      case 'iommu.attach':
        if (e.systemCall !== null && this.#closing.has(e.systemCall)) return null;
        return this.#closer.close(files, e, at);
      default:
        if (!INNER.has(e.kind) || this.#closer.isPart(e)) return null;
        if (e.systemCall !== null && this.#closing.has(e.systemCall)) return null;
        return 'part of a call that is not recorded';
    }
  }

  /** A file whose opening is recorded. */
  #opens(files: UserFiles, e: RecordedEvent, at: number): string | null {
    const kind = OPENINGS[e.call];
    if (kind === undefined) return null;
    const end = this.#ends[at];
    const isOpen = (this.events[end]?.ret ?? 0) >= 0;
    const address = kind === 'cdev' || kind === 'group' ? this.#opened(e, at, isOpen) : null;
    if (address === null && (kind === 'cdev' || kind === 'group'))
      return 'a file of which no more is known';
    const group = address === null ? null : this.#groups.of(address);
    const before = kind === 'group' && isOpen ? files.groupAt(group ?? -1) : null;
    // A group can be opened once: that it was closed shows in nothing else.
    if (before !== null) files.close(before);
    if (isOpen) files.open({ kind, address, group }, e.systemCall?.ret ?? -1);
    else this.#actions.do({ type: 'open', file: kind, address, as: 'nothing' });
    return null;
  }

  /** The function whose group or character device is opened: that of the next call on the file. */
  #opened(e: RecordedEvent, at: number, isOpen: boolean): string | null {
    const group = e.access?.value ?? GROUP_FILE.exec(e.systemCall?.text ?? '')?.[1] ?? null;
    if (e.kind === 'group.open' && group !== null) return this.#groups.in(Number(group))[0] ?? null;
    if (e.device !== null) return e.device;
    const fd = e.systemCall?.ret ?? -1;
    const before = this.#last.get(e.pid) ?? null;
    if (!isOpen && before !== null) return before;
    const files = this.#filesOf(e.pid);
    let first: string | null = null;
    let isUsed = false;
    for (let i = this.#next[at]; i < this.events.length; i = this.#next[i]) {
      const { call, kind, phase, device, data, systemCall } = this.events[i];
      if (phase !== 'begin' || (fd >= 0 && systemCall !== null && systemCall.fd !== fd)) continue;
      // A file that is opened after those were used is another one.
      if (isUsed && call === e.call) break;
      if (e.kind === 'group.open' && call === 'vfio_group_fops_unl_ioctl' && data !== null) {
        const number = data.readInt32LE(0);
        if (files.groupAt(number) === null) return this.#groups.in(number)[0] ?? null;
      }
      const isUse = e.kind === 'group.open' ? kind === 'device.open' : call === OF_DEVICE;
      if (!isUse || device === null) continue;
      isUsed = e.kind !== 'group.open';
      if (fd >= 0 || files.deviceAt(device, -1) === null) return device;
      first ??= device;
    }
    return first ?? before;
  }

  #callAt(at: number): UserCall {
    const begin = this.events[at];
    const end = this.#ends[at];
    const inner: RecordedEvent[] = [];
    for (let i = this.#next[at]; i < end; i = this.#next[i]) inner.push(this.events[i]);
    const last = this.events[end] ?? null;
    const setBy = begin.name === 'VFIO_GROUP_SET_CONTAINER' ? this.#setAfter(inner, end) : null;
    return { begin, at, inner, end: last, ret: last?.ret ?? 0, shown: this.#shownAfter(at), setBy };
  }

  /** The SET_IOMMU after an event, by any thread, in which a claimed group gets its domain. */
  #setAfter(inner: readonly RecordedEvent[], from: number): number | null {
    const device = inner.find(({ kind }) => kind === 'iommu.attach')?.device ?? null;
    if (device === null || from < 0) return null;
    const next = this.#nextOfProcess;
    const sets = new Map<number, number>();
    for (let i = next[from]; i < this.events.length; i = next[i]) {
      const { kind, name, phase, device: attached, tid } = this.events[i];
      if (name === 'VFIO_SET_IOMMU' && phase === 'begin') sets.set(tid, i);
      else if (name === 'VFIO_SET_IOMMU') sets.delete(tid);
      if (kind === 'iommu.attach' && attached === device) return sets.get(tid) ?? null;
    }
    return null;
  }

  /**
   * The function that a thread first attaches or opens after an event. A group that is refused as
   * not viable is one that a native driver uses.
   */
  #shownAfter(at: number): string | null {
    if (this.events[at].call !== 'vfio_group_fops_unl_ioctl') return null;
    for (let i = this.#next[at]; i < this.events.length; i = this.#next[i]) {
      const { kind, name, device, ret } = this.events[i];
      if (kind === 'device.open' || kind === 'iommu.attach') return device;
      if (name === 'VFIO_GROUP_SET_CONTAINER' && ret === -ERRNO.EPERM) {
        return this.#groups.notViable;
      }
    }
    return null;
  }

  /** Page faults of one access: those for large pages come first, and fall back. */
  #fault(files: UserFiles, at: number): string | null {
    const faults: RecordedEvent[] = [];
    for (let i = at; ; ) {
      const end = this.#ends[i];
      faults.push(this.events[i]);
      if (end < 0) break;
      faults.push(this.events[end]);
      this.#until.set(this.events[i].tid, end);
      i = this.#next[end];
      const next = this.events[i];
      if (!fallsBack(this.events[end]) || next?.kind !== 'fault.page') break;
    }
    if (this.#actions.touch(files.process, faults)) return null;
    for (const e of faults) this.dropped.set(e, 'a page fault in a mapping of before');
    return null;
  }

  #drop(at: number, why: string): void {
    const end = this.#ends[at];
    for (let i = at; ; i = this.#next[i]) {
      this.dropped.set(this.events[i], why);
      if (i >= end || this.#next[i] >= this.events.length) return;
    }
  }
}
