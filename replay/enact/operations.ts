/**
 * What a thread does, one operation after the other, read off its events: a call and what is nested
 * in it, or the events of a function that comes or goes.
 */
import type { Action } from '../kernel/index.js';
import type { DriverFacts } from '../model/binding/function-facts.js';
import { idsOf } from '../model/drivers/index.js';
import { isUuid, MDEV_DRIVERS } from '../model/mdev/index.js';
import type { RecordedEvent } from './recording.js';

export interface RecordedOperation {
  readonly action: Action;
  /** Places of its first event, and of the one after its last, in the list of the thread. */
  readonly from: number;
  readonly to: number;
}

/** What a function does between being found on the bus and its first probe. */
const SCAN: ReadonlySet<string> = new Set([
  'pci_device_add',
  'add_device_to_group',
  'attach_device_to_domain',
]);
const FIRST_PROBE: ReadonlySet<string> = new Set([
  'pci_bus_add_device',
  '__driver_probe_device',
  'driver_deferred_probe_add',
]);

/**
 * @param events all events of one thread, in their order
 * @param drivers of the snapshot
 */
export function operationsOf(
  events: readonly RecordedEvent[],
  drivers: ReadonlyMap<string, DriverFacts>,
): RecordedOperation[] {
  const operations: RecordedOperation[] = [];
  for (let at = 0; at < events.length; ) {
    const operation = operationAt(events, at, drivers);
    if (operation !== null) operations.push(operation);
    at = operation?.to ?? endOfCall(events, at);
  }
  return operations;
}

/** The place after a call; a point is over at once. A write comes from user space: it ends all. */
function endOfCall(events: readonly RecordedEvent[], from: number): number {
  let depth = 0;
  for (let at = from; at < events.length; at++) {
    const { kind, phase } = events[at];
    if (at > from && kind === 'sysfs.write' && phase === 'begin') return at;
    if (phase === 'begin') depth++;
    if (phase === 'end') depth--;
    if (depth <= 0) return at + 1;
  }
  return events.length;
}

/** The operation that begins with an event; null when a worker of the kernel does it. */
function operationAt(
  events: readonly RecordedEvent[],
  from: number,
  drivers: ReadonlyMap<string, DriverFacts>,
): RecordedOperation | null {
  const e = events[from];
  const { kind, name, device, driver } = e;
  const call = (action: Action) => ({ action, from, to: endOfCall(events, from) });
  if (kind === 'sysfs.write') return call(writeOf(e, driverWithin(events, from)));
  if (name === 'bus_add_driver' && driver !== null) {
    const hasIds = idsOf(drivers.get(driver)?.parameters ?? {}).length > 0;
    return hasIds ? loadAt(events, from, driver) : call({ type: 'load', driver });
  }
  if (name === 'bus_remove_driver' && driver !== null) return call({ type: 'unload', driver });
  if (name === 'mdev_unregister_parent') return parentAt(events, from);
  if (device === null) return null;
  if (name === 'pci_device_add') return arrivalAt(events, from);
  return removalAt(events, from, device) ?? releaseAt(events, from, device);
}

/** The driver of a module is registered, and then tried for each id of the module's parameters. */
function loadAt(events: readonly RecordedEvent[], from: number, driver: string): RecordedOperation {
  let to = endOfCall(events, from);
  while (events[to]?.name === '__driver_probe_device' && events[to].driver === driver) {
    to = endOfCall(events, to);
  }
  return { action: { type: 'load', driver }, from, to };
}

/** The module of a driver of mediated devices is unloaded: its parent goes first. */
function parentAt(events: readonly RecordedEvent[], from: number): RecordedOperation | null {
  const next = endOfCall(events, from);
  const { name, driver } = events[next] ?? {};
  if (name !== 'bus_remove_driver' || driver == null) return null;
  return { action: { type: 'unload', driver }, from, to: endOfCall(events, next) };
}

/** Functions that come are added one after the other, then drivers are tried on each. */
function arrivalAt(events: readonly RecordedEvent[], from: number): RecordedOperation {
  const addresses: string[] = [];
  let to = from;
  for (; to < events.length && SCAN.has(events[to].name); to++) {
    const { name, device } = events[to];
    if (name === 'pci_device_add' && device !== null) addresses.push(device);
  }
  const isProbe = ({ name, device }: RecordedEvent) =>
    FIRST_PROBE.has(name) && device !== null && addresses.includes(device);
  while (to < events.length && isProbe(events[to])) to = endOfCall(events, to);
  return { action: { type: 'plug', addresses }, from, to };
}

const isRelease = (e: RecordedEvent | undefined, address: string): boolean =>
  e?.name === 'device_release_driver_internal' && e.device === address;

/**
 * A removal releases the function's driver, and once more when it deletes the function. Some
 * kernels have no function of their own for it that a probe could see.
 */
function removalAt(
  events: readonly RecordedEvent[],
  from: number,
  address: string,
): RecordedOperation | null {
  const isSeen = events[from].name === 'pci_stop_and_remove_bus_device';
  let to = isSeen ? from + 1 : from;
  for (let i = 0; i < 2 && isRelease(events[to], address); i++) to = endOfCall(events, to);
  const last = events[to];
  const isGone = last?.name === 'remove_device_from_group' && last.device === address;
  if (isGone) to++;
  else if (!isSeen) return null;
  return { action: { type: 'removal', address, isSeen }, from, to };
}

/** A release outside of a write comes from a driver's own work item. */
function releaseAt(
  events: readonly RecordedEvent[],
  from: number,
  address: string,
): RecordedOperation | null {
  if (!isRelease(events[from], address)) return null;
  return { action: { type: 'release', address }, from, to: endOfCall(events, from) };
}

/** Attributes of the bus and of drivers: the recorder names the function that the text names. */
const OF_NO_FUNCTION: ReadonlySet<string> = new Set([
  'bind',
  'unbind',
  'drivers_probe',
  'new_id',
  'remove_id',
]);

/** The driver of the first device that a call is about; null if it is about none. */
function driverWithin(events: readonly RecordedEvent[], from: number): string | null {
  const to = endOfCall(events, from);
  for (let at = from + 1; at < to; at++) {
    const { driver } = events[at];
    if (driver !== null) return driver;
  }
  return null;
}

/** @param inner the driver that it attaches a device to */
function writeOf(
  { name, device, driver, text, count }: RecordedEvent,
  inner: string | null,
): Action {
  if (name === 'create') {
    // A write that is refused early is so whichever the parent is.
    const write = { type: 'write', attribute: name, address: device, text } as const;
    const parent = { ...write, driver: inner ?? MDEV_DRIVERS[0], mdevType: '' };
    return count === null ? parent : { ...parent, count };
  }
  if (name === 'remove' && device !== null && isUuid(device)) {
    return { type: 'write', attribute: 'mdev_remove', address: device, driver: null, text };
  }
  const address = OF_NO_FUNCTION.has(name) ? null : device;
  const write = { type: 'write', attribute: name, address, driver, text } as const;
  return count === null ? write : { ...write, count };
}
