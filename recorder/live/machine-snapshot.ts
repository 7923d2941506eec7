import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CELL, type EventAppender, highWord, lowWord, parseBdf } from '../../traces/index.js';
import {
  type DriverState,
  emitSnapshot,
  type FunctionState,
  type MachineState,
  OVERRIDE_UNSET,
  type SnapshotMoment,
} from '../snapshot/emit-snapshot.js';
import {
  type MediatedDevice,
  type MediatedType,
  mediatedDevices,
  mediatedTypes,
} from './mediated.js';
import { optional } from './optional.js';
import { emitVfioUsers, type VfioUser, vfioUsers } from './vfio-users.js';

const PCI = '/sys/bus/pci';

/** Attributes that have read side effects or are binary. */
const NOT_READ = new Set(['config', 'rom', 'remove', 'rescan', 'reset', 'vpd', 'uevent']);

const linkName = (file: string): string | null =>
  optional(() => basename(readlinkSync(file)), null);

const readOptional = (file: string): Buffer | null => optional(() => readFileSync(file), null);

/** Names in a folder of the bus; a machine without PCI has no such folder. */
const namesIn = (folder: string): string[] =>
  optional(() => readdirSync(join(PCI, folder)), []).sort();

/**
 * The attributes of a device directory that are files with text; BARs and the like are left out.
 */
function attributesOf(folder: string): Record<string, string | string[]> {
  const attributes: Record<string, string | string[]> = {};
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const { name } = entry;
    if (!entry.isFile() || NOT_READ.has(name) || /^resource\d/.test(name)) continue;
    const bytes = readOptional(join(folder, name));
    if (bytes === null) continue;
    attributes[name] = linesOf(bytes);
  }
  // Of its group, but what a user may map depends on it (VFIO_IOMMU_MAP_DMA).
  const reserved = readOptional(join(folder, 'iommu_group', 'reserved_regions'));
  if (reserved !== null && reserved.length > 0) attributes.reserved_regions = linesOf(reserved);
  return attributes;
}

/** The text of an attribute: a list if it has several lines. */
function linesOf(bytes: Buffer): string | string[] {
  const lines = bytes.toString('utf8').trimEnd().split('\n');
  return lines.length === 1 ? lines[0]! : lines;
}

/** Undefined when the function was removed while it was read. */
function functionState(name: string): FunctionState | undefined {
  const bdf = parseBdf(name);
  if (bdf === null) return undefined;
  const folder = join(PCI, 'devices', name);
  const found = optional(() => attributesOf(folder), undefined);
  if (found === undefined) return undefined;
  const { driver_override: override, ...attributes } = found;
  const set = typeof override === 'string' && override !== OVERRIDE_UNSET && override !== '';
  return {
    bdf,
    driver: linkName(join(folder, 'driver')),
    driverOverride: set ? override : null,
    iommuGroup: linkName(join(folder, 'iommu_group')),
    physfn: linkName(join(folder, 'physfn')),
    attributes,
    config: readOptional(join(folder, 'config')),
  };
}

/**
 * Names of the loaded modules, the one loaded first first (/proc/modules lists the newest first).
 */
function modulesByAge(): string[] {
  const text = readOptional('/proc/modules')?.toString('latin1') ?? '';
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[0]!)
    .reverse();
}

/**
 * Drivers of the PCI bus in the order of their registration. sysfs does not show that order, but a
 * driver in a module registers when the module is loaded. Built-in drivers registered before all of
 * these, in an unknown order.
 */
function drivers(): DriverState[] {
  const modules = modulesByAge();
  const names = namesIn('drivers');
  const loaded = (name: string) =>
    modules.indexOf(linkName(join(PCI, 'drivers', name, 'module')) ?? '');
  const builtIn = names.filter((name) => loaded(name) < 0);
  const modular = names.filter((name) => loaded(name) >= 0).sort((a, b) => loaded(a) - loaded(b));
  return [
    ...builtIn.map((name) => ({ name, order: null })),
    ...modular.map((name, index) => ({ name, order: builtIn.length + index })),
  ];
}

/**
 * The state of every PCI function of this machine, from sysfs.
 *
 * @param timeNs Now, on the trace's clock.
 */
function machineState(timeNs: bigint): MachineState {
  const functions = namesIn('devices').flatMap((name) => functionState(name) ?? []);
  return { timeNs, functions, drivers: drivers() };
}

/** What is recorded of the machine at the beginning and the end of a recording. */
export interface LiveState {
  readonly machine: MachineState;
  readonly users: readonly VfioUser[];
  readonly mediated: readonly (MediatedDevice | MediatedType)[];
  readonly timeNs: bigint;
}

/** The state of this machine now. */
export function liveState(): LiveState {
  const timeNs = process.hrtime.bigint();
  const mediated = [...mediatedDevices(), ...mediatedTypes()];
  return { machine: machineState(timeNs), users: vfioUsers(), mediated, timeNs };
}

/** Appends a state as `snapshot` events that come from sysfs. */
export function emitLiveState(
  events: EventAppender,
  { machine, users, mediated, timeNs }: LiveState,
  moment: SnapshotMoment,
): void {
  emitSnapshot(events, 'sysfs', machine, moment);
  emitVfioUsers(events, users, timeNs, moment);
  const row = events.row('sysfs');
  row.timeWords(lowWord(timeNs), highWord(timeNs));
  for (const one of mediated) {
    row.start(events.kind('snapshot'), events.phase('point'));
    row.set(CELL.name, events.id('name', moment));
    row.text(JSON.stringify(one));
    events.append(row);
  }
}
