/** Compares a recording of a real kernel with runs of vfr's kernel, actor by actor and event by event. */

import type { EventRow } from '../tests/build-trace.js';

/** Addresses of a process or of the kernel, as docs/kernel.md says of recordings that are enacted. */
const AT_ADDRESSES = ['ioctl', 'mmap', 'fault.page'];
const NO_LENGTH = ['ioctl', 'file.close', 'dma.attach', 'dma.detach', 'dma.map', 'dma.unmap'];
/** What hardware answers, and numbers of groups and descriptors. */
const NO_VALUE = [
  ...['config.read', 'region.read', 'dma.map', 'dma.unmap'],
  ...['iommu.attach', 'iommu.detach', 'dma.attach', 'dma.detach'],
  ...['group.open', 'group.close'],
];
const DESCRIPTORS = ['VFIO_GROUP_GET_DEVICE_FD'];

/** An event as it is compared. */
export function textOf(event: EventRow): string {
  const { kind, phase, name = '', device, driver, path, region, ret } = event;
  const isDescriptor = DESCRIPTORS.includes(name) && (ret ?? 0n) > 0n;
  const shown = {
    device,
    driver,
    path,
    region,
    offset: AT_ADDRESSES.includes(kind) ? null : event.offset,
    length: NO_LENGTH.includes(kind) ? null : event.length,
    value: NO_VALUE.includes(kind) ? null : event.value,
    ret: isDescriptor ? 'a descriptor' : ret,
    // A recorder sees what is written as the call begins.
    text: kind === 'sysfs.write' && phase === 'begin' ? JSON.stringify(event.text) : null,
  };
  const columns = Object.entries(shown).filter(([, value]) => value != null);
  return [kind, phase, name, ...columns.map(([column, value]) => `${column}=${value}`)].join(' ');
}

/** The PCI core and drivers change power states for themselves, too. */
const OF_POWER = ['power', 'power.runtime'];
/** Compilers put these into some of their callers, where no probe sees them. */
const UNSEEN = ['pci_stop_and_remove_bus_device', 'vfio_pci_zap_and_down_write_memory_lock'];
/** One mapping is one run of pages or several: only where the first one begins counts. */
const RUNS = ['dma.map', 'dma.unmap'];

/** What the kernel's workers do is one lane: their names differ. */
const WORKERS = 'workers of the kernel';

/** Bridges above functions, and what no actor uses, sleep and wake, too. */
const isOfOthers = ({ kind, device }: EventRow, powered: ReadonlySet<string>): boolean =>
  kind === 'snapshot' || (OF_POWER.includes(kind) && !powered.has(device ?? ''));

/** A wait for users requests the device again every ten seconds. */
const isRepeated = ({ kind, value }: EventRow): boolean =>
  kind === 'device.request' && (value ?? 0n) > 0n;

/** Which events are compared. */
export interface Compared {
  /** Functions that both recordings have. */
  readonly names: ReadonlySet<string>;
  /** Functions of which the recording has one event for a call, with its result. */
  readonly points: ReadonlySet<string>;
  /** Addresses of functions whose power management is compared. */
  readonly powered: ReadonlySet<string>;
}

/** Events of each actor in their order. */
export function lanesOf(
  events: readonly EventRow[],
  actors: readonly string[],
  { names, points, powered }: Compared,
): ReadonlyMap<string, readonly string[]> {
  const lanes = new Map<string, { last: EventRow; texts: string[] }>();
  for (const event of events) {
    const { kind, phase, name = '', task = '' } = event;
    const isCompared = names.has(name) && !isOfOthers(event, powered) && !UNSEEN.includes(name);
    if (!isCompared || isRepeated(event) || (points.has(name) && phase === 'begin')) continue;
    const key = actors.includes(task) ? task : WORKERS;
    const lane = lanes.get(key) ?? { last: event, texts: [] };
    const goesOn = RUNS.includes(kind) && lane.last.kind === kind && lane.texts.length > 0;
    if (!goesOn) lane.texts.push(textOf(points.has(name) ? { ...event, phase: 'point' } : event));
    lane.last = event;
    lanes.set(key, lane);
  }
  return new Map([...lanes].map(([key, { texts }]) => [key, texts]));
}

export interface Comparison {
  readonly compared: number;
  readonly equal: number;
  /** The first event that differs; null if none does. */
  readonly first: { readonly actor: string; readonly model: string; readonly real: string } | null;
}

const NOTHING = 'no further event';

export function compareLanes(
  real: ReadonlyMap<string, readonly string[]>,
  model: ReadonlyMap<string, readonly string[]>,
): Comparison {
  let [compared, equal] = [0, 0];
  let first: Comparison['first'] = null;
  for (const actor of new Set([...real.keys(), ...model.keys()])) {
    const [a, b] = [model.get(actor) ?? [], real.get(actor) ?? []];
    compared += Math.max(a.length, b.length);
    const at = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).find(
      (i) => a[i] !== b[i],
    );
    equal += at ?? a.length;
    if (at !== undefined) {
      first ??= { actor, model: a[at] ?? NOTHING, real: b[at] ?? NOTHING };
    }
  }
  return { compared, equal, first };
}
