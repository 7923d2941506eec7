/**
 * What a process of a recording did with VFIO, as operations of an actor, and the events that its
 * run has to make again. The recordings tell neither of the opening of groups and containers nor
 * of what descriptors stand for: a process has one container, one group and one device.
 */
import type { FunctionSpec, IoctlAction, RunSpec } from '../replay/kernel/index.js';
import { IOCTLS } from '../replay/model/vfio/ioctl-numbers.js';
import { parseResource } from '../replay/model/vfio-pci-core/pci-function.js';
import { ERRNO } from '../traces/index.js';
import type { EventRow } from './build-trace.js';
import { ClientActions, num, vfioMachine } from './client-actions.js';

/** Answers that depend on the memory of the process. */
const OF_MEMORY: ReadonlySet<number> = new Set([-ERRNO.EFAULT, -ERRNO.ENOMEM]);

/** Kinds of events that a run makes again, with those that a process's end makes. */
const KINDS: ReadonlySet<string> = new Set([
  ...['ioctl', 'region.read', 'region.write', 'config.read', 'config.write', 'mmap', 'munmap'],
  ...['fault.page', 'device.open', 'device.close', 'reset', 'irq.set', 'power', 'iommu.attach'],
  ...['dma.map', 'dma.unmap', 'file.close'],
]);
const OF_CAPTURES: ReadonlySet<string> = new Set([
  ...['pci_try_reset_function', 'vfio_pci_core_enable', 'vfio_pci_core_disable'],
  ...['vfio_pci_core_close_device', 'iommufd_fops_release'],
]);

const JUST_SOME: ReadonlySet<string> = new Set([
  ...['device.open', 'device.close', 'reset', 'file.close'],
]);

/** Whether an event is one of VFIO that the recordings have, and no access of the kernel's own. */
export function isOfUser({ kind, path, name }: EventRow): boolean {
  if (!KINDS.has(kind)) return false;
  // Calls within those of a device's file, which the recordings do not have.
  if (name?.startsWith('vfio_df_') === true) return false;
  if (JUST_SOME.has(kind)) {
    return OF_CAPTURES.has(name ?? '');
  }
  return path !== 'kernel' || !kind.startsWith('config');
}

/** What the first reset of a function returned: the hardware's answer. */
function resetOf(rows: readonly EventRow[], address: string): number {
  const end = rows.find(
    ({ name, phase, device }) =>
      name === 'pci_try_reset_function' && phase === 'end' && device === address,
  );
  return num(end?.ret);
}

/** Functions as the snapshot of a recording has them. */
export function functionsOf(rows: readonly EventRow[]): FunctionSpec[] {
  return rows.flatMap(({ kind, name, device, data, text }) => {
    if (kind !== 'snapshot' || name !== 'start' || device === undefined || data === undefined) {
      return [];
    }
    const facts = JSON.parse(text ?? '{}');
    const ids = {
      vendor: Number(facts.vendor),
      device: Number(facts.device),
      subvendor: Number(facts.subsystem_vendor),
      subdevice: Number(facts.subsystem_device),
      class: Number(facts.class),
    };
    const resources = (facts.resource as string[]).slice(0, 7).map(parseResource);
    const recorded = { config: Uint8Array.from(data), resources, isVf: facts.physfn !== null };
    const reset = resetOf(rows, device);
    const own = { bars: [], pin: false, msi: 0, msix: 0, express: false, reset, recorded };
    return [
      {
        address: device,
        ids,
        present: true,
        driver: null,
        override: null,
        sriov: null,
        ...(facts.iommu_group == null ? {} : { group: Number(facts.iommu_group) }),
        hardware: own,
      },
    ];
  });
}

class Client extends ClientActions {
  #group = false;
  #container = false;
  #device = false;

  constructor(
    private readonly address: string,
    private readonly events: readonly Numbered[],
  ) {
    super();
  }

  /** @param outer events that are not within a call, with their places */
  take(at: number): void {
    const e = this.events[at];
    if (e.kind === 'ioctl') this.#ioctl(e, at);
    else if (e.kind.startsWith('region')) this.access('device', e);
    else if (e.kind === 'mmap') this.map('device', e);
    else if (e.kind === 'fault.page') this.touch(e);
    else if (e.name === 'vfio_pci_core_close_device') this.#closeDevice();
    else if (e.kind === 'iommu.attach' && this.#group) this.do({ type: 'close', file: 'group' });
    if (e.kind === 'iommu.attach') this.#group = false;
  }

  #open(file: 'container' | 'group'): void {
    if (file === 'container' ? this.#container : this.#group) return;
    this.do({ type: 'open', file, address: this.address, as: file });
    if (file === 'container') this.#container = true;
    else this.#group = true;
  }

  #closeDevice(): void {
    if (!this.#device) return;
    this.unmapAll(this.address);
    this.do({ type: 'close', file: 'device' });
    this.#device = false;
  }

  #ioctl(e: Numbered, at: number): void {
    const name = e.name ?? '';
    const facts = IOCTLS[name];
    const end = this.events.findIndex((other, i) => i > at && other.span === e.seqOf);
    const inner = this.events.slice(at + 1, end < 0 ? at + 1 : end);
    const ret = end < 0 ? 0 : num(this.events[end].ret);
    if (facts === undefined) return;
    if (facts.file !== 'device') this.#open('container');
    if (facts.file === 'group') this.#open('group');
    const base: IoctlAction = {
      type: 'ioctl',
      file: facts.file,
      name,
      value: facts.argument === 'number' ? num(e.offset) : 0,
      data: facts.argument === 'struct' && e.offset !== 0n ? structOf(e, inner, ret) : null,
      files: [],
      address: null,
      as: null,
    };
    if (name === 'VFIO_GROUP_SET_CONTAINER') this.do({ ...base, files: ['container'] });
    else if (name === 'VFIO_GROUP_GET_DEVICE_FD') {
      const address = ret === -ERRNO.ENODEV ? null : this.address;
      this.do({ ...base, address, as: 'device' });
      this.#device ||= ret >= 0;
    } else if (name === 'VFIO_DEVICE_SET_IRQS') this.setIrqs(base, inner);
    else if (name === 'VFIO_IOMMU_MAP_DMA' && OF_MEMORY.has(ret)) {
      this.do({ ...base, answer: ret });
    } else this.do(base);
  }
}

/** The struct of an ioctl as far as the recording has it. */
export function structOf(e: EventRow, inner: readonly EventRow[], ret: number): Uint8Array {
  const { size, file } = IOCTLS[e.name ?? ''];
  const bytes = new Uint8Array(Math.max(size, 32));
  const irqs = inner.find(({ kind }) => kind === 'irq.set');
  const served = inner.find(({ kind }) => kind === 'ioctl');
  const view = new DataView(bytes.buffer);
  if (file === 'group') view.setUint32(0, ret < 0 ? 4 : 8, true);
  else if (file === 'container') bytes.set(served?.data ?? []);
  else bytes.set(e.data ?? []);
  if (e.name !== 'VFIO_DEVICE_SET_IRQS') return bytes;
  view.setUint32(12, num(irqs?.offset), true);
  // Arguments that were refused before they were recorded: too many interrupts.
  view.setUint32(16, irqs === undefined ? 0xffff : num(irqs.length), true);
  return bytes;
}

/** An event with its number, and that of its begin. */
export type Numbered = EventRow & { readonly seqOf: number };

/** A run of what a process did with the device of its group. */
export function runOf(
  rows: readonly Numbered[],
  pid: number,
  address: string,
  kernel: string,
): RunSpec {
  const events = rows.filter((row) => row.pid === pid && isOfUser(row));
  const client = new Client(address, events);
  let depth = 0;
  for (const [at, { phase }] of events.entries()) {
    if (phase === 'end') depth--;
    if (depth === 0 && phase !== 'end') client.take(at);
    if (phase === 'begin') depth++;
  }
  return {
    machine: vfioMachine(kernel, functionsOf(rows), (at) => at === address),
    actors: [{ name: 'client', operations: client.operations }],
  };
}

const FALLBACK = 2048n;
/** Events whose `offset` is an address of the process, or of its struct. */
const AT_ADDRESSES: ReadonlySet<string> = new Set(['ioctl', 'mmap', 'fault.page']);
/** Events whose `length` is an address of the kernel, or the order of a page. */
const NO_LENGTH: ReadonlySet<string> = new Set(['ioctl', 'fault.page', 'file.close']);
/** Runs of pages, which memory that is in one piece has one of. */
const RUNS: ReadonlySet<string> = new Set(['dma.map', 'dma.unmap']);

/**
 * Events in the form in which two recordings are compared. Left out is what addresses, descriptors
 * and memory of the process decide, what hardware answers to a read, and huge pages; and zaps in
 * VFIO_DEVICE_RESET, which the compiler of a kernel may put where no probe sees them. A read of
 * hardware is one event: kernels from 6.9 on are recorded with its return alone.
 */
export function comparable(rows: readonly EventRow[]): string[] {
  const kept: EventRow[] = [];
  let inReset = 0;
  for (const e of rows) {
    if (e.name === 'VFIO_DEVICE_RESET') inReset += e.phase === 'begin' ? 1 : -1;
    const isRead = e.path === 'hardware' && e.kind === 'config.read';
    if (!isOfUser(e) || e.name?.startsWith('0x') === true) continue;
    if (inReset > 0 && e.kind === 'munmap') continue;
    if (isRead && e.phase === 'begin') continue;
    const last = kept.at(-1);
    if (e.kind === 'fault.page' && e.phase === 'end' && e.ret === FALLBACK) kept.pop();
    else if (last !== undefined && RUNS.has(e.kind) && follows(last, e)) {
      kept[kept.length - 1] = { ...last, length: (last.length ?? 0n) + (e.length ?? 0n) };
    } else kept.push(isRead ? { ...e, phase: 'point' } : e);
  }
  return kept.map(textOf);
}

const follows = (last: EventRow, e: EventRow): boolean =>
  last.kind === e.kind && (last.offset ?? 0n) + (last.length ?? 0n) === e.offset;

function textOf(e: EventRow): string {
  const { phase, kind, name, device, path, region } = e;
  const isAnswer = kind === 'config.read' || kind === 'region.read' || RUNS.has(kind);
  const offset = AT_ADDRESSES.has(kind) ? undefined : e.offset;
  const length = NO_LENGTH.has(kind) ? undefined : e.length;
  const value = isAnswer ? undefined : e.value;
  const ret = name === 'VFIO_GROUP_GET_DEVICE_FD' && num(e.ret) > 0 ? 0n : e.ret;
  const parts = { phase, kind, name, device, path, region, offset, length, value, ret };
  return Object.entries(parts)
    .filter(([, part]) => part !== undefined)
    .map(([column, part]) => `${column} ${part}`)
    .join(', ');
}

/** Processes of a recording that opened a device of VFIO, with the first that each opened. */
export function clientsOf(rows: readonly EventRow[]): Map<number, string> {
  const clients = new Map<number, string>();
  for (const { name, phase, pid, device } of rows) {
    if (name !== 'vfio_pci_core_enable' || phase !== 'begin') continue;
    if (pid !== undefined && device !== undefined && !clients.has(pid)) clients.set(pid, device);
  }
  return clients;
}
