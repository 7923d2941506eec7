/**
 * Runs of what processes of a recording did with VFIO, and the events that they have to make again.
 */
import type { Recording } from '../replay/enact/recording.js';
import type { FunctionSpec, RunSpec } from '../replay/kernel/index.js';
import { parseResource } from '../replay/model/vfio-pci-core/pci-function.js';
import type { EventRow } from './build-trace.js';
import { actionsOf, clientRun } from './client-actions.js';

const num = (value: bigint | undefined): number => Number(value ?? 0n);

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
function isOfUser({ kind, path, name }: EventRow): boolean {
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

/** An event with its number, and that of its begin. */
export type Numbered = EventRow & { readonly seqOf: number };

/** A run of what a process did with the device of its group. */
export const runOf = (
  recording: Recording,
  rows: readonly Numbered[],
  pid: number,
  address: string,
  kernel: string,
): RunSpec =>
  clientRun(
    kernel,
    functionsOf(rows),
    (at) => at === address,
    actionsOf(recording, { pids: [pid], end: Number.POSITIVE_INFINITY, exits: false }),
  );

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
