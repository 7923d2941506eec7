/**
 * SR-IOV: enabling, the gate before a VF's driver, and VFs coming and going (kernel
 * drivers/pci/iov.c 6.1).
 */

import { ERRNO } from '../../../traces/index.js';
import { autoprobeGate } from '../../model/binding/autoprobe-gate.js';
import { isOldBool, parseBool, parseU16 } from '../../model/binding/parse-store.js';
import { vfAddressOf } from '../../model/binding/vf-address.js';
import { driverModel } from '../../model/drivers/index.js';
import { certainly, either, only, type Possible } from '../../model/possible.js';
import { anyOf, because, type Results, unseen } from '../../model/reason.js';
import type { EnableFrame, StoreFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  compare,
  DEFAULT,
  diverge,
  explained,
  IN_ORDER,
  inHindsight,
  oneOf,
  PASSED,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import type { PciDevice, Sriov } from '../machine/pci-device.js';
import { endPass } from './driver-pass.js';
import { storeResult } from './store-result.js';
import { ifEnabled, numVfsOf, numVfsSince, setNumVfs } from './vf-count.js';

const AUTOPROBE = 'sriov_drivers_autoprobe';

/** SR-IOV of a function whose capability was not recorded. */
const unknownSriov = (): Sriov => ({
  numVfs: 'unknown',
  numVfsPast: [],
  totalVfs: null,
  maxVfs: null,
  offset: null,
  stride: null,
  vfDevice: null,
  autoprobe: 'unknown',
  assumed: { numVfs: false, autoprobe: false, vfs: false },
});

function sriovOf(device: PciDevice): Sriov {
  device.sriov ??= unknownSriov();
  return device.sriov;
}

/** The write has the PF's device lock from its checks to its end. */
export function endNumVfs(engine: Engine, frame: StoreFrame, ret: number, seq: number): Verdict {
  const { device: pf } = frame;
  if (pf === null) return UNKNOWN;
  const expected = expectNumVfs(engine, frame, pf);
  const wanted = parseU16(frame.text);
  const sriov = sriovOf(pf);
  const doubtful = sriov.assumed.numVfs;
  if (ret === frame.count && typeof wanted === 'number') setNumVfs(sriov, wanted, seq);
  if (expected === null) return inHindsight(UNKNOWN, noConfigure(pf), ret);
  if (expected.includes(ret)) {
    if (frame.enable !== null) return PASSED;
    return ret === frame.count ? DEFAULT : explained(expected, ret);
  }
  if (ret < 0 && expected.includes(ANY_ERRNO)) return inHindsight(UNKNOWN, noConfigure(pf), ret);
  if (doubtful) {
    if (ret !== frame.count) sriov.numVfs = 'unknown';
    return UNKNOWN;
  }
  const verdict = oneOf(`${pf.address}/sriov/numvfs`, expected, ret);
  // Without a driver there is one answer only: another shows that there is one.
  const byDriver = expected.every((n) => n === -ERRNO.ENOENT);
  return verdict.type === 'match' || !byDriver
    ? verdict
    : engine.weighAgainstSnapshot(pf, 'driver', verdict);
}

/** ENOENT comes before the number of VFs is looked at. */
function noConfigure(pf: PciDevice): Results {
  const cell = `${pf.address}/driver`;
  const driver = only(pf.driver);
  if (driver === null) return because(ERRNO.ENOENT, 'the PF has no driver', cell);
  return driver !== undefined && driverModel(driver).sriovConfigure === 'none'
    ? because(ERRNO.ENOENT, `${driver} has no sriov_configure`, cell)
    : unseen('which driver the PF had at that moment is not recorded', ERRNO.ENOENT);
}

/** In place of a result: any result of the driver's `sriov_configure`. */
const ANY_ERRNO = 0;

function expectNumVfs(engine: Engine, frame: StoreFrame, pf: PciDevice): Results | null {
  const n = parseU16(frame.text);
  if (n === null) return because(ERRNO.EINVAL, 'it is not a number of 16 bits');
  const sriov = sriovOf(pf);
  const beyond = beyondLimit(sriov, n);
  const tooMany = because(ERRNO.ERANGE, `the PF allows ${sriov.maxVfs ?? sriov.totalVfs} VFs`);
  if (beyond === true) return tooMany;
  if (frame.enable !== null) {
    return frame.enable.ret === null
      ? null
      : [frame.enable.ret < 0 ? frame.enable.ret : frame.count];
  }
  // Another write may have changed the number before this one got the lock.
  const current = numVfsSince(engine, sriov, frame.seq);
  if (current === 'unknown') return null;
  const driver = only(pf.driver);
  const numVfs = `${pf.address}/numVfs`;
  const results = current.map((now): Results => {
    if (now === n) return [frame.count];
    if (driver === undefined) return [frame.count, ANY_ERRNO];
    if (driver === null || driverModel(driver).sriovConfigure === 'none') return noConfigure(pf);
    const { sriovConfigure } = driverModel(driver);
    const simple = sriovConfigure === 'simple';
    if (n === 0) return simple ? [frame.count] : [frame.count, ANY_ERRNO];
    if (now > 0) return because(ERRNO.EBUSY, `${now} VFs are enabled already`, numVfs);
    if (simple && engine.records('sriov_enable')) return [];
    const results = [frame.count, ANY_ERRNO];
    return sriovConfigure === 'parameter' ? ifEnabled(engine, driver, results) : results;
  });
  return anyOf(...results, beyond === null ? tooMany : []);
}

/** Whether a number of VFs is more than the PF, or its driver, allows; null when not known. */
function beyondLimit({ totalVfs, maxVfs }: Sriov, n: number): boolean | null {
  if (n === 0) return false;
  if (totalVfs !== null && n > totalVfs) return true;
  return maxVfs === null ? null : n > maxVfs;
}

/** A driver that is bound may have set another limit of VFs (pci_sriov_set_totalvfs). */
export function forgetLimit({ sriov }: PciDevice, driver: string | null): void {
  if (sriov === null || driver === null) return;
  const { sriovConfigure } = driverModel(driver);
  if (sriovConfigure !== 'none' && sriovConfigure !== 'simple') sriov.maxVfs = null;
}

/** Takes effect immediately: the flag has no lock. */
export function setAutoprobe(engine: Engine, pf: PciDevice, text: string): void {
  const value = parseBool(text);
  if (value === null) return;
  const sriov = sriovOf(pf);
  // While VFs are being added the moment decides, and only the begin of the write is recorded.
  const adding = engine.frames.onDevice(pf, 'add-vf') !== null || isBeingWritten(engine, pf);
  sriov.assumed.autoprobe = false;
  sriov.autoprobe = adding ? either(sriov.autoprobe, [value]) : [value];
}

export function endAutoprobe(frame: StoreFrame, ret: number): Verdict {
  const known = parseBool(frame.text) !== null;
  // A write that the kernel refused changed nothing, but what it changed here is overwritten.
  if (known && ret < 0 && frame.device?.sriov) frame.device.sriov.autoprobe = 'unknown';
  const refused = known && isOldBool(frame.text) ? [] : [-ERRNO.EINVAL];
  return storeResult(frame, [...refused, ...(known ? [frame.count] : [])], ret);
}

/**
 * Whether the gate of pci_device_probe is open.
 * @param seq the latest time at which the device lock was taken
 */
export function probeGate(engine: Engine, device: PciDevice, seq: number): Possible<boolean> {
  const pf = engine.machine.physfnOf(device);
  const override = engine.overrideUnderLock(device, seq);
  return autoprobeGate(device.physfn !== null, autoprobeOf(engine, pf), override);
}

/** The flag of a PF; while it is being written it may be either. */
function autoprobeOf(engine: Engine, pf: PciDevice | undefined): Possible<boolean> {
  const autoprobe = pf?.sriov?.autoprobe ?? 'unknown';
  if (pf === undefined || autoprobe === 'unknown') return 'unknown';
  return isBeingWritten(engine, pf) ? either(autoprobe, [true, false]) : autoprobe;
}

const isBeingWritten = (engine: Engine, pf: PciDevice): boolean =>
  engine.frames.allOnDevice(pf).some((f) => f.type === 'store' && f.attribute === AUTOPROBE);

/**
 * A probe shows another gate than a snapshot has. If writes of the flag are recorded, and nothing
 * else contradicts the snapshot, one is missing; otherwise the snapshot is wrong.
 * @returns the verdict; null if the flag is not known from the snapshot alone
 */
export function unaskedGate(engine: Engine, device: PciDevice, open: boolean): Verdict | null {
  const pf = engine.machine.physfnOf(device);
  const sriov = pf?.sriov ?? null;
  if (pf === undefined || sriov === null || !sriov.assumed.autoprobe) return null;
  if (!certainly(sriov.autoprobe, !open)) return null;
  const blamed = engine.recordsWrites(AUTOPROBE) && engine.snapshot.doubts.length === 0;
  if (!blamed) engine.doubtSnapshot(`${pf.address}/autoprobe`, String(!open), String(open));
  sriov.assumed.autoprobe = false;
  learnGate(engine, device, open);
  if (!blamed) return UNKNOWN;
  const expected = `${AUTOPROBE} is ${open ? 'off' : 'on'}, as the snapshot says`;
  return diverge(`${pf.address}/cause`, expected, 'nobody asked for this');
}

/**
 * A VF without an override was probed, or refused before its driver was called. This stays valid as
 * long as writes of the flag are seen.
 */
export function learnGate(engine: Engine, device: PciDevice, open: boolean): void {
  const pf = engine.machine.physfnOf(device);
  if (pf === undefined) return;
  sriovOf(pf).autoprobe = engine.recordsWrites(AUTOPROBE) ? [open] : 'unknown';
}

/**
 * A VF was refused, and it is not known whether its driver was called: a flag that only a snapshot
 * has may have been switched off since.
 */
export function mayBeClosed(engine: Engine, device: PciDevice): void {
  const pf = engine.machine.physfnOf(device);
  if (pf?.sriov?.assumed.autoprobe !== true) return;
  if (certainly(engine.override(device), null)) pf.sriov.autoprobe = 'unknown';
}

/** `sriov_enable`, and `pci_enable_sriov` around it. */
export function enable(engine: Engine, e: EventCursor): Verdict {
  const pf = engine.deviceOf(e);
  if (pf === null || e.isLogMessage) return STIMULUS;
  const path = `${pf.address}/sriov/numvfs`;
  if (e.phase === 'end') return endEnable(engine, e, pf, path);
  const { seq, tid, value: vfs } = e;
  const outer = engine.frames.inner(tid, 'enable');
  engine.frames.push({
    type: 'enable',
    seq,
    tid,
    device: pf,
    overlapped: false,
    vfs,
    added: 0,
    outer,
  });
  if (outer !== null) return compare(path, String(outer.vfs), String(vfs), PASSED);
  const store = engine.frames.inner(tid, 'store');
  if (store?.attribute !== 'sriov_numvfs' || store.device !== pf) return UNKNOWN;
  store.enable = { ret: null };
  const asked = parseU16(store.text);
  if (asked !== vfs) return compare(path, String(asked), String(vfs));
  const numVfs = numVfsOf(engine, sriovOf(pf));
  if (numVfs !== 'unknown' && !numVfs.includes(0) && !store.overlapped) {
    if (sriovOf(pf).assumed.numVfs) return UNKNOWN;
    return diverge(path, '-EBUSY: VFs are enabled', `${vfs} VFs are enabled`);
  }
  return PASSED;
}

function endEnable(engine: Engine, e: EventCursor, pf: PciDevice, path: string): Verdict {
  const frame = engine.frames.pop(e.span);
  if (frame?.type !== 'enable') return UNKNOWN;
  const store = engine.frames.inner(e.tid, 'store');
  if (store?.enable) store.enable.ret = e.ret;
  if (e.ret === 0) {
    setNumVfs(sriovOf(pf), frame.vfs, e.seq);
  }
  if (!engine.records('pci_iov_add_virtfn')) return e.ret === 0 ? DEFAULT : STIMULUS;
  if (frame.failed !== undefined) return oneOf(path, [frame.failed], e.ret);
  if (frame.added === frame.vfs) return oneOf(path, [0], e.ret);
  // It failed before all VFs were added: for want of resources, of buses, or of the device.
  return e.ret < 0 ? STIMULUS : diverge(path, `${frame.vfs} VFs`, `${frame.added} VFs added`);
}

/** `pci_disable_sriov`, also by a driver that is removed: afterwards there are no VFs. */
export function disable(engine: Engine, e: EventCursor): Verdict {
  const pf = engine.deviceOf(e);
  if (pf === null || e.phase === 'begin' || e.isLogMessage) return STIMULUS;
  // A write of sriov_numvfs counts the VFs that are removed, and its end decides the number.
  if (engine.frames.inner(e.tid, 'store')?.attribute === 'sriov_numvfs') return STIMULUS;
  const sriov = sriovOf(pf);
  const before = sriov.assumed.numVfs ? undefined : only(sriov.numVfs);
  setNumVfs(sriov, 0, e.seq);
  if (before !== undefined && before > 0) sriov.leaving = { next: 0, of: before };
  return STIMULUS;
}

/** `pci_iov_add_virtfn`: one VF after the other, each probed before the next exists. */
export function addVf(engine: Engine, e: EventCursor): Verdict {
  const pf = engine.deviceOf(e);
  if (pf === null) return STIMULUS;
  const path = `${pf.address}/sriov/vf`;
  if (e.phase === 'end') return endAddVf(engine, e, path);
  const { seq, tid, value: index } = e;
  const outer = engine.frames.inner(tid, 'enable');
  engine.frames.push({
    type: 'add-vf',
    seq,
    tid,
    device: pf,
    overlapped: false,
    index,
    vf: null,
    pass: null,
  });
  if (!engine.records('pci_device_add')) addUnseenVf(engine, pf, index, seq);
  if (outer === null) return UNKNOWN;
  const expected = outer.added;
  for (const frame of nested(outer)) frame.added++;
  return compare(path, `VF ${expected} of ${outer.vfs}`, `VF ${index} of ${outer.vfs}`, IN_ORDER);
}

/** A VF without an event of its own comes at some moment of `pci_iov_add_virtfn`. */
function addUnseenVf(engine: Engine, pf: PciDevice, index: number, seq: number): void {
  const address = vfAddress(pf, index);
  if (address === null) {
    engine.machine.forgetAbsent();
    return;
  }
  const vf = engine.machine.create(address, seq);
  Object.assign(vf, { physfn: pf.address, override: overrideOfVf(pf) });
  if (!engine.records('pci_bus_add_device')) vf.bindable = [false, true];
}

/** Calls that enable VFs, from the innermost out: all of them count a VF that is added. */
function* nested(innermost: EnableFrame | null): Generator<EnableFrame> {
  for (let frame = innermost; frame !== null; frame = frame.outer) yield frame;
}

function endAddVf(engine: Engine, e: EventCursor, path: string): Verdict {
  const frame = engine.frames.pop(e.span);
  if (frame?.type !== 'add-vf') return UNKNOWN;
  if (frame.vf !== null && frame.pass !== null) {
    frame.vf.bindable = [true];
    const missing = endPass(engine, frame.pass);
    if (missing !== null) return missing;
  }
  if (e.ret < 0) {
    for (const enable of nested(engine.frames.inner(e.tid, 'enable'))) {
      enable.failed = e.ret;
      enable.added--;
    }
  }
  // What the probes return does not count; only a VF that was not added makes an error.
  if (frame.vf === null && engine.records('pci_device_add')) return STIMULUS;
  return oneOf(path, [0], e.ret);
}

/**
 * A driver removes its VFs on its own, which cannot be predicted; once it has begun, all of them
 * go.
 */
function removeOwnVf(pf: PciDevice, e: EventCursor): Verdict {
  const sriov = sriovOf(pf);
  const { numVfs, assumed, leaving } = sriov;
  const count = assumed.numVfs ? 0 : (only(numVfs) ?? 0);
  const { next, of } = leaving ?? { next: 0, of: count };
  if (!certainly(numVfs, 0)) sriov.numVfs = 'unknown';
  if (next + 1 < of) sriov.leaving = { next: next + 1, of };
  else delete sriov.leaving;
  if (of === 0) return UNKNOWN;
  return compare(`${pf.address}/sriov/vf`, `VF ${next}`, `VF ${e.value}`, IN_ORDER);
}

/** `pci_iov_remove_virtfn`: from the first VF to the last. */
export function removeVf(engine: Engine, e: EventCursor): Verdict {
  const pf = engine.deviceOf(e);
  if (pf === null) return STIMULUS;
  const store = engine.frames.inner(e.tid, 'store');
  const byWrite = store?.attribute === 'sriov_numvfs' && store.device === pf;
  if (!byWrite) return removeOwnVf(pf, e);
  const numVfs = only(sriovOf(pf).numVfs);
  const path = `${pf.address}/sriov/vf`;
  const failing = engine.frames.inner(e.tid, 'enable');
  if (failing !== null) {
    if (failing.failed === undefined) return UNKNOWN;
    // An enabling that fails takes back what it added, the last VF first.
    for (const frame of nested(failing)) frame.added--;
    return compare(path, `VF ${failing.added}`, `VF ${e.value}`, IN_ORDER);
  }
  if (numVfs === undefined) return UNKNOWN;
  const expected = `VF ${store.removed++} of ${numVfs}`;
  if (sriovOf(pf).assumed.numVfs && e.value >= numVfs) return UNKNOWN;
  const actual = e.value < numVfs ? `VF ${e.value} of ${numVfs}` : `VF ${e.value}`;
  return compare(path, expected, actual, IN_ORDER);
}

/**
 * The override of a new VF: if vfio-pci has the PF, it reserves the VFs for itself before any
 * driver is tried, and no event shows that (vfio_pci_bus_notifier, kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.1). Variants set a name that may differ from the driver's. A
 * PF with an unknown driver is assumed to have another one, until something contradicts that.
 */
export function overrideOfVf({ driver }: PciDevice): Possible<string | null> {
  if (driver === 'unknown') return [null];
  const models = driver.map((name) => (name === null ? null : driverModel(name)));
  if (!models.some((model) => model?.vfioPci)) return [null];
  return models.every((model) => model?.name === 'vfio-pci') ? ['vfio-pci'] : 'unknown';
}

/** Address of VF `index`: the PF's routing id plus offset plus index times stride. */
export function vfAddress(pf: PciDevice, index: number): string | null {
  const { offset, stride } = sriovOf(pf);
  if (offset === null || stride === null) return null;
  return vfAddressOf(pf.address, offset, stride, index);
}
