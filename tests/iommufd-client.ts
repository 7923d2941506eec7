/**
 * What a process of a recording did with character devices and iommufds, as operations of an actor.
 * The recording has the system calls that open and close files, and those of ioctls: a file is known
 * by its descriptor, and its kind by the calls that follow.
 */
import type { IoctlAction, RunSpec } from '../replay/kernel/index.js';
import { IOCTLS } from '../replay/model/vfio/ioctl-numbers.js';
import type { EventRow } from './build-trace.js';
import { ClientActions, num, vfioMachine } from './client-actions.js';
import { functionsOf, isOfUser, type Numbered, structOf } from './vfio-client.js';

const descriptorOf = ({ text }: EventRow): number =>
  Number(/fd: (0x[0-9a-f]+)/.exec(text ?? '')?.[1]);

interface File {
  readonly name: string;
  readonly kind: 'cdev' | 'iommufd' | 'eventfd';
  readonly device: string | null;
}

const BIND = 'VFIO_DEVICE_BIND_IOMMUFD';

class CdevClient extends ClientActions {
  readonly #files = new Map<number, File>();
  #opened = 0;

  constructor(private readonly events: readonly Numbered[]) {
    super();
  }

  /** Does a system call, or what no system call is recorded of. @returns the place after it */
  take(at: number): number {
    const e = this.events[at];
    const end = this.events.findIndex(({ span }, i) => i > at && span === e.seqOf);
    const inner = this.events.slice(at + 1, Math.max(end, at + 1));
    const ret = num(this.events[end]?.ret);
    if (e.kind === 'syscall') this.#systemCall(e, inner, ret, end);
    else if (e.kind.startsWith('region')) this.access(this.#fileOf(e), e);
    else if (e.kind === 'mmap') this.map(this.#fileOf(e), e);
    else if (e.kind === 'fault.page') this.touch(e);
    return end < 0 ? at + 1 : end + 1;
  }

  #systemCall(e: Numbered, inner: readonly Numbered[], ret: number, end: number): void {
    if (e.name === 'openat' && ret >= 0) this.#open(ret, end);
    const descriptor = descriptorOf(e);
    const file = this.#files.get(descriptor);
    if (file === undefined) return;
    if (e.name === 'ioctl') this.#ioctl(file, e, inner);
    else if (e.name === 'close') this.#close(descriptor, file, inner);
  }

  #open(descriptor: number, from: number): void {
    const { kind, device } = this.#kindOf(descriptor, from);
    const name = `${kind}-${this.#opened++}`;
    this.#files.set(descriptor, { name, kind, device });
    this.do({ type: 'open', file: kind, address: device, as: name });
  }

  /** What the first ioctl on a descriptor shows, or closing it. */
  #kindOf(descriptor: number, from: number): Pick<File, 'kind' | 'device'> {
    for (let at = from + 1; at < this.events.length; at++) {
      const e = this.events[at];
      if (e.kind !== 'syscall' || e.phase !== 'begin' || descriptorOf(e) !== descriptor) continue;
      const call = this.events[at + 1];
      const isIommufd = call?.driver === 'iommufd' || call?.name === 'iommufd_fops_release';
      if (isIommufd) return { kind: 'iommufd', device: null };
      const isDevice = e.name === 'ioctl' && call?.kind === 'ioctl' && call.device !== undefined;
      return isDevice
        ? { kind: 'cdev', device: call.device ?? null }
        : { kind: 'eventfd', device: null };
    }
    return { kind: 'eventfd', device: null };
  }

  #close(descriptor: number, { name, device }: File, inner: readonly Numbered[]): void {
    if (inner.some((e) => e.name === 'vfio_pci_core_close_device')) this.unmapAll(device);
    this.do({ type: 'close', file: name });
    this.#files.delete(descriptor);
  }

  #ioctl(file: File, { offset }: Numbered, inner: readonly Numbered[]): void {
    const call = inner[0];
    const facts = IOCTLS[call?.name ?? ''];
    if (facts === undefined) return;
    const end = inner.find(({ span }) => span === call.seqOf);
    const ret = num(end?.ret);
    const isStruct = facts.argument === 'struct' && offset !== 0n;
    const base: IoctlAction = {
      type: 'ioctl',
      file: file.name,
      name: call.name ?? '',
      value: facts.argument === 'number' ? num(offset) : 0,
      data: isStruct ? this.#structOf(file, call, inner.slice(1), ret) : null,
      files: [],
      address: null,
      as: null,
      answer: ret,
    };
    if (call.name === BIND) this.do({ ...base, files: this.#iommufdOf(call) });
    else if (call.name === 'VFIO_DEVICE_SET_IRQS') this.setIrqs(base, inner);
    else this.do(base);
  }

  #structOf(file: File, call: Numbered, inner: readonly Numbered[], ret: number): Uint8Array {
    return file.kind === 'iommufd' ? Uint8Array.from(call.data ?? []) : structOf(call, inner, ret);
  }

  #iommufdOf({ data }: EventRow): (string | null)[] {
    const descriptor = Buffer.from(data ?? new Uint8Array(12)).readInt32LE(8);
    return descriptor < 0 ? [null] : [this.#files.get(descriptor)?.name ?? 'nothing'];
  }

  /** A file of the device that is bound: the first, as the recorded process had it. */
  #fileOf({ device }: EventRow): string {
    return [...this.#files.values()].find((file) => file.device === device)?.name ?? 'nothing';
  }
}

/** Processes that bound a device, each with a child that inherited its files and opened none. */
export function cdevClientsOf(rows: readonly EventRow[]): number[][] {
  const binders = pidsOf(rows, (e) => e.name === BIND && e.phase === 'end' && e.ret === 0n);
  const openers = pidsOf(rows, (e) => e.kind === 'syscall' && e.name === 'openat');
  return [...binders].map((pid) => (openers.has(pid + 1) ? [pid] : [pid, pid + 1]));
}

const pidsOf = (rows: readonly EventRow[], is: (e: EventRow) => boolean): Set<number> =>
  new Set(rows.filter(is).map(({ pid }) => pid ?? 0));

const isOfGroup = ({ name }: EventRow): boolean => name?.startsWith('VFIO_GROUP_') === true;

/** What processes did before they came to a device by its group, and whether they did not. */
export function partOf(
  rows: readonly Numbered[],
  pids: readonly number[],
): { readonly part: readonly Numbered[]; readonly isAll: boolean } {
  const own = rows.filter((row) => pids.includes(row.pid ?? 0));
  const at = own.findIndex(isOfGroup);
  return { part: at < 0 ? own : own.slice(0, at), isAll: at < 0 };
}

/** Whether an event is of a call that a run can do, and of a function that the recording has. */
export function recordedBy(rows: readonly EventRow[]): (e: EventRow) => boolean {
  const names = new Set(rows.map(({ name }) => name));
  return ({ kind, name }) => names.has(name) && (kind !== 'ioctl' || (name ?? '') in IOCTLS);
}

/** Functions that vfio-pci has at a place of the recording. */
function vfioFunctions(rows: readonly EventRow[], end: number): Set<string> {
  const found = new Set<string>();
  for (const { name, device = '', driver } of rows.slice(0, end)) {
    if (name === 'driver_bound' && driver === 'vfio-pci') found.add(device);
    if (name === 'device_unbind_cleanup') found.delete(device);
  }
  return found;
}

/** A run of what processes did with character devices. */
export function cdevRunOf(
  rows: readonly Numbered[],
  pids: readonly number[],
  kernel: string,
): RunSpec {
  const { part, isAll } = partOf(rows, pids);
  const events = part.filter((row) => row.kind === 'syscall' || isOfUser(row));
  const client = new CdevClient(events);
  for (let at = 0; at < events.length; ) at = client.take(at);
  const devices = vfioFunctions(rows, part[0].seqOf);
  const exit = { action: { type: 'exit' }, when: null, onError: 'continue' } as const;
  const operations = isAll ? [...client.operations, exit] : client.operations;
  return {
    machine: vfioMachine(kernel, functionsOf(rows), (at) => devices.has(at)),
    actors: [{ name: 'client', operations }],
  };
}

/** Where the end of a call has what the kernel answers: numbers of objects, addresses and lengths. */
const ANSWERS: Readonly<Record<string, readonly [from: number, to: number]>> = {
  IOMMU_IOAS_ALLOC: [4, 8],
  IOMMU_HWPT_ALLOC: [12, 16],
  IOMMU_IOAS_MAP: [20, 28],
  IOMMU_IOAS_UNMAP: [12, 20],
};

/**
 * What an iommufd answered to calls that succeeded; without addresses in an IOAS of which a call
 * allowed ranges, which are in memory of the user that the recording does not have.
 */
export function answersOf(rows: readonly EventRow[]): string[] {
  const limited = new Set<number>();
  return rows.flatMap(({ name = '', phase, ret, data }) => {
    const bytes = Buffer.from(data ?? []);
    if (name === 'IOMMU_IOAS_ALLOW_IOVAS' && phase === 'begin') limited.add(bytes.readUInt32LE(4));
    const place = ANSWERS[name];
    if (place === undefined || phase !== 'end' || ret !== 0n) return [];
    const isLimited = name === 'IOMMU_IOAS_MAP' && limited.has(bytes.readUInt32LE(4));
    return isLimited ? [] : [`${name} ${bytes.toString('hex', ...place)}`];
  });
}
