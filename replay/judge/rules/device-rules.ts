/**
 * PCI functions: as a snapshot lists them, as they come, and as they go (pci_bus_add_device, kernel
 * drivers/pci/bus.c 6.1).
 */

import {
  type FunctionFacts,
  parseDriver,
  parseSnapshot,
} from '../../model/binding/function-facts.js';
import { type PciIds, readIds } from '../../model/binding/pci-ids.js';
import { isEndpoint, readSriovCap } from '../../model/config-space.js';
import { certainly } from '../../model/possible.js';
import type { AddVfFrame, DriverPass } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { COMPUTED, compare, IN_ORDER, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import type { PciDevice, Sriov } from '../machine/pci-device.js';
import { forgetRegisters } from './config-registers.js';
import { overrideOfVf, vfAddress } from './sriov-rules.js';
import { replaceFunction } from './vfio-device.js';

/** One function as it was when the recording began. */
export function snapshot(engine: Engine, e: EventCursor): Verdict {
  const address = e.device;
  // The snapshot at the end is for people to compare; the machine is not to learn from it.
  if (e.name === 'end' || engine.snapshot.ignored) return STIMULUS;
  if (address === null && e.driver !== null) {
    const facts = parseDriver(e.text);
    const { order, loaded } = facts;
    if (loaded !== false) engine.machine.claims.register(e.driver, order);
    if (loaded !== null) engine.machine.claims.learnFacts(e.driver, facts);
  }
  if (address === null || engine.deviceOf(e) === null) return STIMULUS;
  const facts = parseSnapshot(e.text);
  const device = engine.machine.list(address);
  const driver = e.driver ?? facts.driver;
  const config = e.data;
  device.driver = [driver];
  device.bound = driver !== null;
  const isOlder = !facts.exact;
  device.assumed = { driver: isOlder, override: isOlder };
  device.override = [facts.override];
  device.physfn = facts.physfn;
  device.group = facts.group;
  if (facts.interrupts !== null) engine.machine.interrupts = facts.interrupts;
  device.endpoint = config !== null && config.length > 0x0e ? isEndpoint(config) : null;
  device.ids = facts.ids;
  device.sriov = sriovFrom(facts, config, isOlder);
  const pf = engine.machine.physfnOf(device);
  // A VF that exists was counted when its PF finished enabling.
  if (pf?.sriov && certainly(pf.sriov.numVfs, 0)) pf.sriov.numVfs = 'unknown';
  learnFrom(engine, device, driver);
  return STIMULUS;
}

/** A driver that has a device without an override claims its ids. */
function learnFrom(engine: Engine, device: PciDevice, driver: string | null): void {
  if (driver === null) return;
  const { claims } = engine.machine;
  claims.register(driver);
  const override = device.override === 'unknown' ? null : device.override[0];
  if (device.ids !== null && override === null) claims.tried(device.ids, [], driver);
}

function sriovFrom(facts: FunctionFacts, config: Buffer | null, isOlder: boolean): Sriov | null {
  const cap = config === null ? null : readSriovCap(config);
  if (cap === null && facts.maxVfs === null) return null;
  const numVfs = facts.numVfs ?? cap?.numVfs ?? null;
  return {
    numVfs: numVfs === null ? 'unknown' : [numVfs],
    numVfsPast: [],
    totalVfs: cap?.totalVfs ?? null,
    maxVfs: facts.maxVfs,
    offset: cap?.offset ?? null,
    stride: cap?.stride ?? null,
    vfDevice: facts.vfDevice ?? cap?.vfDevice ?? null,
    autoprobe: facts.autoprobe === null ? 'unknown' : [facts.autoprobe],
    assumed: { numVfs: isOlder, autoprobe: isOlder, vfs: isOlder },
  };
}

/** `pci_device_add`, then `pci_bus_add_device`, which lets drivers match and tries them. */
export function addDevice(engine: Engine, e: EventCursor): Verdict {
  if (engine.deviceOf(e) === null) return STIMULUS;
  if (e.name === 'pci_bus_add_device') return readyDevice(engine, e);
  // A line of the kernel's log also shows a function, but not when it was created.
  return e.name === 'pci_device_add' ? newFunction(engine, e) : STIMULUS;
}

function newFunction(engine: Engine, e: EventCursor): Verdict {
  const address = e.device ?? '';
  const before = engine.machine.find(address)?.ids ?? null;
  const device = engine.machine.create(address, e.seq);
  device.ids = readIds(e.data);
  replaceFunction(engine, address, sameIds(before, device.ids));
  if (!engine.records('pci_bus_add_device')) device.bindable = [false, true];
  const parent = engine.frames.inner(e.tid, 'add-vf');
  if (parent?.device === undefined || parent.device === null) return STIMULUS;
  return newVf(engine, parent, parent.device, device);
}

const sameIds = (a: PciIds | null, b: PciIds | null): boolean =>
  a !== null && b !== null && a.vendor === b.vendor && a.device === b.device && a.class === b.class;

function newVf(engine: Engine, parent: AddVfFrame, pf: PciDevice, device: PciDevice): Verdict {
  const { address } = device;
  device.physfn = pf.address;
  device.override = overrideOfVf(pf);
  device.endpoint = true;
  parent.vf = device;
  const expected = vfAddress(pf, parent.index);
  if (expected === null) return UNKNOWN;
  const path = `${pf.address}/sriov/vf`;
  const difference = compare(path, expected, address);
  const verdict = difference.type === 'match' ? compareIds(path, pf, device) : difference;
  const { sriov } = pf;
  if (sriov === null || verdict.type !== 'diverge') {
    if (sriov !== null && verdict.type === 'match') sriov.assumed.vfs = false;
    return verdict;
  }
  if (!sriov.assumed.vfs) return verdict;
  // The first VF of a PF that only the snapshot has: the snapshot is wrong.
  engine.doubtSnapshot(path, verdict.expected, verdict.actual);
  Object.assign(sriov, { offset: null, stride: null, vfDevice: null });
  sriov.assumed.vfs = false;
  return UNKNOWN;
}

function compareIds(path: string, pf: PciDevice, { ids }: PciDevice): Verdict {
  if (ids === null || pf.ids === null || pf.sriov?.vfDevice == null) return COMPUTED;
  return compare(path, idText(pf.ids.vendor, pf.sriov.vfDevice), idText(ids.vendor, ids.device));
}

const idText = (vendor: number, device: number) =>
  `${vendor.toString(16).padStart(4, '0')}:${device.toString(16).padStart(4, '0')}`;

function readyDevice(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null) return STIMULUS;
  const { seq, tid } = e;
  device.visible = [true];
  device.dead = [false];
  // Matching is allowed from some moment in this function on.
  device.bindable = device.bindable === 'unknown' ? 'unknown' : [false, true];
  const parent = engine.frames.inner(tid, 'add-vf');
  const scope = { overlapped: false };
  const pass: DriverPass = { device, isFirst: true, tried: [], scope };
  const frame = engine.frames.push({
    type: 'first-pass',
    seq,
    tid,
    device,
    overlapped: false,
    pass,
  });
  Object.assign(pass, { scope: frame });
  if (parent === null) return STIMULUS;
  parent.pass = pass;
  return parent.vf === device ? IN_ORDER : UNKNOWN;
}

/** `pci_stop_and_remove_bus_device`: unbinds, then deletes; both are seen as releases. */
export function removeDevice(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null) return STIMULUS;
  forgetRegisters(engine, device.address);
  device.removal = { tid: e.tid, releases: 0 };
  if (!engine.records('device_release_driver_internal')) leave(device);
  return STIMULUS;
}

/**
 * A release by the thread that removes the device: the second comes after the device is deleted.
 */
export function secondRelease(engine: Engine, device: PciDevice, tid: number): void {
  const { removal } = device;
  if (removal?.tid !== tid) return;
  removal.releases++;
  if (removal.releases < 2) return;
  device.visible = showsAdding(engine, device) ? [false] : 'unknown';
  device.dead = [true];
}

/** Whether the recording shows a function that comes to the address of a removed one. */
const showsAdding = (engine: Engine, { physfn }: PciDevice): boolean =>
  engine.recordsAny(ADDS) || (physfn !== null && engine.records('pci_iov_add_virtfn'));

const ADDS = ['pci_device_add', 'pci_bus_add_device'];

export function releaseEnded(device: PciDevice, tid: number): void {
  const { removal } = device;
  if (removal?.tid === tid && removal.releases === 1) leave(device);
}

/** Deleting has begun, and the lookup by name ends at some moment of it. */
export function leave(device: PciDevice): void {
  device.visible = [true, false];
  device.dead = [false, true];
}

/** A device joins its IOMMU group when the bus announces it; at that time it can be found. */
export function joinGroup(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null || e.name !== 'add_device_to_group') return STIMULUS;
  device.visible = [true];
  if (e.hasValue) device.group = e.value;
  return STIMULUS;
}

export function leaveGroup(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null || e.name !== 'remove_device_from_group') return STIMULUS;
  if (showsAdding(engine, device)) engine.machine.remove(device);
  else engine.machine.forgetAt(device, e.seq);
  return STIMULUS;
}

/**
 * Events were lost: nothing that they may have changed is known any more. A loss with a name is one
 * of the kernel's log, of that function's messages: no record of a kernel function is missing.
 */
export function lost(engine: Engine, e: EventCursor): Verdict {
  if (e.name === '') engine.onEventsLost();
  return STIMULUS;
}
