/**
 * Runs of what processes of a recording did with character devices and iommufds, and what they have
 * to answer again. The recording has the system calls that open and close files.
 */
import type { Recording } from '../replay/enact/recording.js';
import type { RunSpec } from '../replay/kernel/index.js';
import { IOCTLS } from '../replay/model/vfio/ioctl-numbers.js';
import type { EventRow } from './build-trace.js';
import { actionsOf, clientRun } from './client-actions.js';
import { functionsOf, type Numbered } from './vfio-client.js';

const BIND = 'VFIO_DEVICE_BIND_IOMMUFD';

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
  recording: Recording,
  rows: readonly Numbered[],
  pids: readonly number[],
  kernel: string,
): RunSpec {
  const { part, isAll } = partOf(rows, pids);
  const devices = vfioFunctions(rows, part[0].seqOf);
  const end = part[part.length - 1].seqOf + 1;
  return clientRun(
    kernel,
    functionsOf(rows),
    (at) => devices.has(at),
    actionsOf(recording, { pids, end, exits: isAll }),
  );
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
