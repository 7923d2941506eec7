/** What happened in a recording, as sequences of operations that can be compared with another's. */
import { EventCursor, errnoName } from '../../replay/index.js';
import type { Kind, TraceReader } from '../../traces/index.js';
import { roleOf } from './roles.js';

/** Groups of operations, in the order in which differences are listed. */
export const GROUPS = ['binding', 'config', 'calls', 'faults', 'dma', 'resets'] as const;
export type Group = (typeof GROUPS)[number];

export interface Operation {
  /** Null: the device came again. This is in every lane of the device, and no difference. */
  readonly group: Group | null;
  /** What was intended: without times, processes, addresses and descriptors. */
  readonly key: string;
  readonly seq: number;
  /** `ok` or an errno; null without a recorded result. */
  result: string | null;
  /** Nanoseconds from begin to end; null without an end. */
  ns: bigint | null;
}

/** The operations of one role on one device, in their order. */
export type Lanes = Map<string, Operation[]>;

const GROUP_OF: Readonly<Partial<Record<Kind, Group>>> = {
  'sysfs.write': 'binding',
  match: 'binding',
  probe: 'binding',
  bind: 'binding',
  unbind: 'binding',
  'device.add': 'binding',
  'device.remove': 'binding',
  'vf.add': 'binding',
  'vf.remove': 'binding',
  'sriov.enable': 'binding',
  'sriov.disable': 'binding',
  'driver.register': 'binding',
  'driver.unregister': 'binding',
  'mdev.create': 'binding',
  'mdev.remove': 'binding',
  'config.write': 'config',
  ioctl: 'calls',
  'group.open': 'calls',
  'device.open': 'calls',
  'device.close': 'calls',
  'device.request': 'calls',
  'irq.set': 'calls',
  mmap: 'calls',
  migration: 'calls',
  'region.read': 'calls',
  'region.write': 'calls',
  'config.read': 'calls',
  'fault.page': 'faults',
  'fault.bus': 'faults',
  'fault.dma': 'faults',
  'fault.aer': 'faults',
  reset: 'resets',
  recovery: 'resets',
  power: 'resets',
};

/** Accesses that only count if they fail: how often a driver reads depends on the hardware. */
const ONLY_IF_REFUSED: ReadonlySet<string> = new Set([
  'region.read',
  'region.write',
  'config.read',
] satisfies Kind[]);

/** Ioctls that map and unmap, which are about DMA. */
const DMA = /^(VFIO_IOMMU_(UN)?MAP_DMA|IOMMU_IOAS_(MAP|UNMAP|COPY))$/;

/** Collects the operations of a recording. */
export function lanesOf(reader: TraceReader): Lanes {
  const lanes: Lanes = new Map();
  const open = new Map<number, { readonly operation: Operation; readonly ts: bigint }>();
  const e = new EventCursor();
  for (const batch of reader.read()) {
    e.open(batch);
    for (let row = 0; row < batch.rows; row++) {
      e.moveTo(row);
      const group = GROUP_OF[e.kind as Kind];
      if (group !== undefined) see(e, group, lanes, open);
    }
  }
  return lanes;
}

function see(
  e: EventCursor,
  group: Group,
  lanes: Lanes,
  open: Map<number, { readonly operation: Operation; readonly ts: bigint }>,
): void {
  const refused = ONLY_IF_REFUSED.has(e.kind);
  if (refused) {
    if (e.phase === 'begin' || !e.hasRet || e.ret >= 0) return;
    add(lanes, e, group);
    return;
  }
  if (e.phase === 'end') {
    const begun = open.get(e.span);
    open.delete(e.span);
    if (begun === undefined) return;
    begun.operation.result = resultOf(e);
    begun.operation.ns = e.ts - begun.ts;
    return;
  }
  const operation = add(lanes, e, DMA.test(e.name) ? 'dma' : group);
  if (e.kind === 'device.add') addLife(lanes, e);
  if (e.phase === 'begin') open.set(e.seq, { operation, ts: e.ts });
}

/** What was done to one life of a device is not aligned with what was done to another. */
function addLife(lanes: Lanes, { device, seq, name }: EventCursor): void {
  for (const [lane, operations] of lanes) {
    if (!lane.startsWith(`${device}\t`)) continue;
    operations.push({ group: null, key: `life ${name}`, seq, result: null, ns: null });
  }
}

function add(lanes: Lanes, e: EventCursor, group: Group): Operation {
  const operation: Operation = {
    group,
    key: intentOf(e),
    seq: e.seq,
    result: resultOf(e),
    ns: null,
  };
  const lane = `${e.device ?? 'no device'}\t${roleOf(e.task)}`;
  const operations = lanes.get(lane);
  if (operations === undefined) lanes.set(lane, [operation]);
  else operations.push(operation);
  return operation;
}

/** A count or a descriptor that was returned is no more than a success. */
function resultOf(e: EventCursor): string | null {
  if (!e.hasRet) return null;
  if (e.kind === 'fault.page' || e.kind === 'probe' || e.kind === 'match') return String(e.ret);
  return e.ret < 0 ? errnoName(e.ret) : 'ok';
}

/** What an event intends, as text that two recordings share. */
function intentOf(e: EventCursor): string {
  const { kind, name, path } = e;
  const parts: (string | number)[] = [kind, name, e.driver ?? '', path ?? ''];
  switch (kind) {
    case 'sysfs.write':
      parts.push((e.text ?? '').trim());
      break;
    case 'ioctl':
      parts.push(...argumentOf(e));
      break;
    case 'config.write':
      parts.push(e.offset, e.length);
      // The kernel's own values have addresses of interrupts, which it chooses.
      if (path === 'vfio' || path === 'sysfs') parts.push(e.value);
      break;
    case 'region.read':
    case 'region.write':
    case 'config.read':
      parts.push(e.region, e.offset, e.length);
      break;
    case 'irq.set':
      parts.push(e.region, e.value, e.offset, e.length);
      break;
    case 'mmap':
      parts.push(e.region);
      break;
    case 'fault.dma':
      parts.push(String(e.hasOffset ? e.offsetBig : ''));
      break;
    case 'vf.add':
    case 'vf.remove':
    case 'sriov.enable':
    case 'power':
    case 'migration':
      parts.push(e.hasValue ? e.value : '');
      break;
  }
  return parts.join(' ');
}

/** Words of arguments that are neither addresses nor descriptors. */
function argumentOf({ name, data }: EventCursor): (string | number)[] {
  if (data === null) return [];
  const word = (at: number) => (data.byteLength >= at + 4 ? data.readUInt32LE(at) : '');
  const long = (at: number) => (data.byteLength >= at + 8 ? String(data.readBigUInt64LE(at)) : '');
  switch (name) {
    case 'VFIO_IOMMU_MAP_DMA':
      return [word(0), word(4), long(16), long(24)];
    case 'VFIO_IOMMU_UNMAP_DMA':
      return [word(0), word(4), long(8), long(16)];
    case 'VFIO_DEVICE_BIND_IOMMUFD':
      return [word(0), word(4)];
    default:
      if (name.startsWith('VFIO_GROUP_')) return [];
      return name.startsWith('VFIO_DEVICE_') || name.startsWith('IOMMU_')
        ? [word(0), word(4), word(8)]
        : [];
  }
}
