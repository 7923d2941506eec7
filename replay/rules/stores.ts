/** Writes to sysfs attributes of drivers, the bus and devices (driver-core-and-pci §3, §5). */
import type { EventCursor } from '../engine/cursor.js';
import type { Engine } from '../engine/engine.js';
import type { StoreFrame } from '../engine/frames.js';
import { compare, type Difference, diverge, type Verdict } from '../engine/verdict.js';
import type { PciDevice } from '../machine/device.js';
import { ERRNO, errnoName } from '../machine/errno.js';
import { parseNewId } from '../machine/ids.js';
import { matches } from '../machine/matching.js';
import { certainly, describe, either, only, possibly } from '../machine/possible.js';
import { endNumVfs, setAutoprobe } from './sriov.js';
import { endWalk } from './walk.js';

/**
 * Longest text that a driver_override takes: a page less its end (kernel drivers/base/driver.c).
 */
const OVERRIDE_MAX = 4095;

/** Attributes of the device itself: they are there as long as it is. */
const DEVICE_ATTRIBUTES: ReadonlySet<string> = new Set([
  'driver_override',
  'sriov_numvfs',
  'sriov_drivers_autoprobe',
]);

export function sysfsWrite(engine: Engine, e: EventCursor): Verdict {
  if (e.phase !== 'end') return begin(engine, e);
  const frame = engine.frames.pop(e.span);
  if (frame === null || frame.type !== 'store') return 'unknown';
  settle(engine, frame, e.seq);
  return end(engine, frame, e.ret);
}

function begin(engine: Engine, e: EventCursor): Verdict {
  endUnseen(engine, e);
  const attribute = e.name;
  const driver = e.driver;
  const device = engine.deviceOf(e);
  // The attribute of a driver exists only while the driver does.
  if (driver !== null) engine.machine.claims.register(driver);
  const text = e.text ?? '';
  if (device !== null && DEVICE_ATTRIBUTES.has(attribute)) engine.exists(device);
  const frame: StoreFrame = {
    type: 'store',
    seq: e.seq,
    tid: e.tid,
    device,
    overlapped: false,
    attribute,
    driver,
    text,
    count: e.length,
    matches: attribute === 'bind' ? matchesNow(engine, device, driver) : null,
    driverBefore: device?.driver ?? null,
    found: device?.visible ?? null,
    attach: null,
    released: false,
    enable: null,
    removed: 0,
    walk: null,
    attempts: 0,
  };
  if (device !== null && attribute === 'drivers_probe') {
    frame.walk = { device, tried: [], scope: frame };
  }
  if (attribute === 'new_id') addDynamicId(engine, frame);
  if (attribute === 'driver_override' && device !== null && frame.count < OVERRIDE_MAX) {
    device.pending.push({ value: parseOverride(text), seq: frame.seq });
  }
  if (attribute === 'sriov_drivers_autoprobe' && device !== null) {
    setAutoprobe(engine, device, text);
  }
  if (e.phase === 'begin') engine.frames.push(frame);
  return null;
}

/** A thread makes one write at a time: what is open of an earlier one has ended unseen. */
function endUnseen(engine: Engine, { tid, seq }: EventCursor): void {
  for (const frame of engine.frames.forget(tid)) {
    if (frame.type !== 'store') continue;
    if (frame.attribute === 'new_id' || frame.attribute === 'remove_id') forgetId(engine, frame);
    settle(engine, frame, seq);
    if (frame.attribute === 'sriov_numvfs' && frame.device?.sriov) frame.device.sriov.numVfs = null;
  }
}

/** Whether the id was accepted, or taken away, is not known. */
function forgetId(engine: Engine, { driver, text }: StoreFrame): void {
  const parsed = parseNewId(text);
  if (parsed !== null && driver !== null) {
    engine.machine.claims.removeDynamicId(driver, parsed.entry);
  }
}

function matchesNow(engine: Engine, device: PciDevice | null, driver: string | null) {
  if (device === null || driver === null) return null;
  if (certainly(device.visible, false)) return false;
  const found = matches(engine.machine, device, driver, engine.override(device));
  return found === true && !certainly(device.visible, true) ? null : found;
}

/** The text up to the first newline; none clears the override. */
function parseOverride(text: string): string | null {
  const value = text.split('\n', 1)[0];
  return value === '' ? null : value;
}

function addDynamicId(engine: Engine, frame: StoreFrame): void {
  const parsed = parseNewId(frame.text);
  // The id counts from within the write, so that the attempts it causes find it.
  if (parsed !== null && frame.driver !== null) {
    engine.machine.claims.addDynamicId(frame.driver, parsed.entry);
  }
}

/** Brings the machine to what holds when the write has returned. */
function settle(engine: Engine, frame: StoreFrame, seq: number): void {
  const { device } = frame;
  if (device === null) return;
  frame.found = either(frame.found, device.visible);
  if (frame.attribute !== 'driver_override') return;
  const at = device.pending.findIndex((pending) => pending.seq === frame.seq);
  if (at < 0) return;
  const [done] = device.pending.splice(at, 1);
  device.assumed.override = false;
  engine.machine.settleOverride(device, done, seq);
}

function end(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  switch (frame.attribute) {
    case 'bind':
      return endBind(engine, frame, ret);
    case 'unbind':
      return endUnbind(engine, frame, ret);
    case 'drivers_probe':
      return endDriversProbe(engine, frame, ret);
    case 'driver_override': {
      const expected = frame.count >= OVERRIDE_MAX ? -ERRNO.EINVAL : frame.count;
      return result(frame, [expected], ret);
    }
    case 'new_id':
      return endNewId(engine, frame, ret);
    case 'remove_id':
      return endRemoveId(engine, frame, ret);
    case 'sriov_numvfs':
      return endNumVfs(engine, frame, ret);
    case 'sriov_drivers_autoprobe': {
      const bad = parseBool(frame.text) === null;
      return result(frame, [bad ? -ERRNO.EINVAL : frame.count], ret);
    }
    default:
      return 'unmodelled';
  }
}

/** `kstrtobool`: y, n, 1, 0, on, off by their first letters (kernel lib/kstrtox.c). */
export function parseBool(text: string): boolean | null {
  const found = /^(?:([yYtT1]|[oO][nN])|([nNfF0]|[oO][fF]))/.exec(text);
  return found === null ? null : found[1] !== undefined;
}

/** A returned number against those that are possible. */
function result(frame: StoreFrame, expected: readonly number[], ret: number): 'match' | Difference {
  if (expected.includes(ret)) return 'match';
  const wanted = [...new Set(expected)].map(errnoName).join(' or ');
  return diverge(
    `${frame.device?.address ?? frame.driver}/${frame.attribute}`,
    wanted,
    errnoName(ret),
  );
}

function endBind(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const path = `${frame.device?.address}/match`;
  if (frame.attach !== null) {
    const { ret: attached } = frame.attach;
    if (attached === null) return 'unknown';
    return result(frame, [attached === 0 ? frame.count : attached], ret);
  }
  if (engine.records('device_driver_attach')) {
    if (frame.matches === true && !frame.overlapped) {
      if (lostDynamicId(engine, frame)) return 'unknown';
      const difference = diverge(path, `${frame.driver} is attached`, errnoName(ret));
      return engine.contradiction(frame.device!, 'override', difference);
    }
    return result(frame, [-ERRNO.ENODEV], ret);
  }
  if (frame.overlapped || engine.gaps) return 'unknown';
  if (frame.matches === false) {
    const verdict = result(frame, [-ERRNO.ENODEV], ret);
    if (verdict === 'match' || frame.device === null) return verdict;
    return engine.contradiction(frame.device, 'override', verdict);
  }
  const before = only(frame.driverBefore);
  return typeof before === 'string' && frame.matches
    ? result(frame, [-ERRNO.EBUSY], ret)
    : 'unknown';
}

/**
 * Whether the driver matched by a dynamic id, which another write took away: one that was not
 * recorded, or of which no end is seen yet.
 */
function lostDynamicId(engine: Engine, { driver, device }: StoreFrame): boolean {
  const { claims } = engine.machine;
  if (driver === null || device?.ids == null) return false;
  const removing = engine.frames.isOpen(
    (f) => f.type === 'store' && f.attribute === 'remove_id' && f.driver === driver,
  );
  if (engine.records('remove_id') && !removing) return false;
  if (!possibly(engine.override(device), null)) return false;
  if (!claims.claimsDynamically(driver, device.ids)) return false;
  claims.forgetDynamicIds(driver, device.ids);
  return true;
}

function endUnbind(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  if (frame.released) return result(frame, [frame.count], ret);
  const { device, driver } = frame;
  if (device === null) return 'unknown';
  const wasBound = certainly(frame.driverBefore, driver) && certainly(frame.found, true);
  if (engine.records('device_release_driver_internal')) {
    if (wasBound && !frame.overlapped) {
      const difference = diverge(
        `${device.address}/driver`,
        `${driver} is released`,
        errnoName(ret),
      );
      const verdict = engine.contradiction(device, 'driver', difference);
      if (verdict === 'unknown') forgetDriver(device);
      return verdict;
    }
    return result(frame, [-ERRNO.ENODEV], ret);
  }
  if (frame.overlapped || engine.gaps) return 'unknown';
  if (wasBound) {
    device.driver = [null];
    device.bound = false;
    return result(frame, [frame.count], ret);
  }
  return possibly(frame.driverBefore, driver) ? 'unknown' : result(frame, [-ERRNO.ENODEV], ret);
}

/** Whichever driver it has: not the one that was taken for it. */
function forgetDriver(device: PciDevice): void {
  device.driver = null;
  device.bound = false;
}

function endDriversProbe(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const { walk } = frame;
  if (walk === null) {
    // No address of the PCI bus was written: nothing has such a name.
    return result(frame, [-ERRNO.ENODEV], ret);
  }
  const missing = ret >= 0 ? endWalk(engine, walk) : null;
  if (missing !== null) return missing;
  const last = walk.tried.at(-1)?.ret ?? 0;
  const expected: number[] = [];
  if (walk.tried.length === 0 && possibly(frame.found, false)) expected.push(-ERRNO.ENODEV);
  if (walk.tried.length > 0 || possibly(frame.found, true)) {
    expected.push(last < 0 ? -ERRNO.EINVAL : frame.count);
  }
  const verdict = result(frame, expected, ret);
  return verdict === 'match' ? verdict : engine.contradiction(walk.device, 'driver', verdict);
}

function endNewId(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const parsed = parseNewId(frame.text);
  if (parsed === null) return result(frame, [-ERRNO.EINVAL], ret);
  const { driver } = frame;
  if (driver === null) return 'unknown';
  const { claims } = engine.machine;
  const equal = claims
    .dynamicIds(driver)
    .filter((entry) => JSON.stringify(entry) === JSON.stringify(parsed.entry)).length;
  if (ret < 0) claims.removeDynamicId(driver, parsed.entry);
  if (frame.attempts > 0) return result(frame, [frame.count], ret);
  if (equal > 1 && parsed.fields < 7 && !engine.gaps) return result(frame, [-ERRNO.EEXIST], ret);
  // Ids added before the recording, and driver data of tables that no model has, are not known.
  return result(frame, [frame.count, -ERRNO.EEXIST, -ERRNO.EINVAL], ret);
}

function endRemoveId(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const parsed = parseNewId(frame.text);
  if (parsed === null) return result(frame, [-ERRNO.EINVAL], ret);
  if (frame.driver === null) return 'unknown';
  const { claims } = engine.machine;
  const known = claims.removeDynamicId(frame.driver, parsed.entry);
  if (ret >= 0 && !known) claims.unlearn(frame.driver);
  // A write of another thread may add the id, or fail to.
  if (engine.frames.isOpen((f) => f.type === 'store' && f.attribute === 'new_id')) return 'unknown';
  // An event that was lost may have taken it away.
  const certain = known && !engine.gaps;
  return result(frame, certain ? [frame.count] : [frame.count, -ERRNO.ENODEV], ret);
}

/** `driver_set_override`: the text it gets is that of the write that called it. */
export function override(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null) return null;
  const path = `${device.address}/override`;
  if (e.phase === 'end') {
    const frame = engine.frames.pop(e.span);
    return frame === null ? 'unknown' : compare(path, '0', errnoName(e.ret));
  }
  const store = engine.frames.inner(e.tid, 'store');
  const { seq, tid } = e;
  if (e.phase === 'begin') {
    engine.frames.push({ type: 'override', seq, tid, device, overlapped: false });
  }
  const set = JSON.stringify(parseOverride(e.text ?? ''));
  if (store?.attribute !== 'driver_override') {
    // Set by a driver in the kernel, as vfio-pci does to the VFs of its PF.
    device.override = null;
    return 'unknown';
  }
  if (store.device !== device)
    return diverge(path, describe([store.device?.address ?? null]), device.address);
  return compare(path, JSON.stringify(parseOverride(store.text)), set);
}
