/**
 * The results of writes to `bind`, `unbind` and `drivers_probe` (kernel drivers/base/bus.c 6.1).
 */

import { ERRNO, errnoName } from '../../../traces/index.js';
import { covers, parseNewId } from '../../model/binding/pci-ids.js';
import { certainly, only, type Possible, possibly } from '../../model/possible.js';
import { anyOf, because, type Results, unseen } from '../../model/reason.js';
import type { StoreFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import { diverge, explained, handedOn, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { matches } from '../machine/bus-match.js';
import type { PciDevice } from '../machine/pci-device.js';
import { endPass } from './driver-pass.js';
import { storeResult } from './store-result.js';

/** Whether a driver matches the device that a write of `bind` names, as the write begins. */
export function matchesNow(engine: Engine, device: PciDevice | null, driver: string | null) {
  if (device === null || driver === null) return null;
  if (certainly(device.visible, false)) return false;
  const found = matches(engine.machine, device, driver, engine.override(device));
  const isSure = certainly(device.visible, true) && !isGettingId(engine, device, driver);
  return found === true && !isSure ? null : found;
}

/** Whether a write of `new_id` that is under way gives the driver an id of the device. */
const isGettingId = (engine: Engine, { ids }: PciDevice, driver: string): boolean =>
  ids !== null &&
  engine.frames.isOpen((frame) => {
    if (frame.type !== 'store' || frame.attribute !== 'new_id') return false;
    const parsed = frame.driver === driver ? parseNewId(frame.text) : null;
    return parsed !== null && covers(parsed.entry, ids) !== false;
  });

export function endBind(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const path = `${frame.device?.address}/match`;
  if (frame.attach !== null) {
    const { ret: attached } = frame.attach;
    if (attached === null) return UNKNOWN;
    const path = `${frame.device?.address}/bind`;
    return handedOn(path, attached === 0 ? frame.count : attached, ret);
  }
  if (engine.records('device_driver_attach')) {
    if (frame.matches === true && !frame.overlapped) {
      if (lostDynamicId(engine, frame)) return UNKNOWN;
      const difference = diverge(path, `${frame.driver} is attached`, errnoName(ret));
      return engine.weighAgainstSnapshot(frame.device!, 'override', difference);
    }
    // The text may name a device of another bus, whose driver is not known.
    if (frame.device === null && ret !== -ERRNO.ENODEV) return UNKNOWN;
    return storeResult(frame, noMatch(engine, frame), ret);
  }
  // It did not match, or may not have matched, when the write began, whatever has changed since.
  const known = frame.device !== null && frame.device.ids !== null && frame.matches !== true;
  if ((frame.matches === false || known) && ret === -ERRNO.ENODEV) {
    return explained(noMatch(engine, frame), ret);
  }
  if (engine.gaps) return UNKNOWN;
  // It matched, until an override was set that prevents it.
  if (ret === -ERRNO.ENODEV && wasKeptAway(engine, frame)) {
    return explained(noMatch(engine, frame), ret);
  }
  if (frame.overlapped) return UNKNOWN;
  if (frame.device === null && ret !== -ERRNO.ENODEV) return UNKNOWN;
  if (frame.matches === false) {
    const verdict = storeResult(frame, noMatch(engine, frame), ret);
    if (verdict.type === 'match' || frame.device === null) return verdict;
    return engine.weighAgainstSnapshot(frame.device, 'override', verdict);
  }
  const before = only(frame.driverBefore);
  if (typeof before !== 'string' || frame.matches !== true || frame.device === null) return UNKNOWN;
  const verdict = storeResult(frame, bound(frame.device, before), ret);
  // An override that was not recorded may keep the driver away.
  return verdict.type === 'diverge' && ret === -ERRNO.ENODEV
    ? engine.weighAgainstSnapshot(frame.device, 'override', verdict)
    : verdict;
}

/** Why a driver is not attached to the function that a write names. */
function noMatch(engine: Engine, { device, driver, text }: StoreFrame): Results {
  const { ENODEV } = ERRNO;
  if (device === null) return noFunction(text);
  const { address } = device;
  const cell = `${address}/override`;
  if (certainly(device.visible, false)) return because(ENODEV, `${address} does not exist`);
  const possible = engine.override(device);
  const override = only(possible);
  if (override === undefined) return excluded(address, driver, possible);
  if (typeof override === 'string' && override !== driver) {
    return because(ENODEV, `${driver} does not match: driver_override is ${override}`, cell);
  }
  if (override === driver) {
    // It matches by the override, so either the bus does not list it, or it takes no driver yet.
    return because(ENODEV, `${address} is being added or removed, and takes no driver now`);
  }
  const ids = `${driver} does not match: no id of it is that of ${address}`;
  return override === null
    ? because(ENODEV, `${ids}, and there is no override`, cell)
    : unseen(`the recording does not show why ${driver} does not match ${address}`, ENODEV);
}

/** The same while the override may have had several values: the result excludes the driver's. */
function excluded(
  address: string,
  driver: string | null,
  possible: Possible<string | null>,
): Results {
  const { ENODEV } = ERRNO;
  if (possible === 'unknown') {
    return unseen(`the driver_override of ${address} is not recorded`, ENODEV);
  }
  const others = possible.filter((name) => name !== driver).map((name) => name ?? 'none');
  const text = `driver_override was ${others.join(' or ')} at that moment, and not ${driver}`;
  return because(ENODEV, `${driver} does not match: ${text}`, `${address}/override`);
}

const noFunction = (text: string): Results =>
  because(ERRNO.ENODEV, `no PCI function is named ${JSON.stringify(text.trim())}`);

/** A driver is bound already. */
export const bound = (device: PciDevice | null, driver: string): Results =>
  because(ERRNO.EBUSY, `${driver} is bound`, `${device?.address}/driver`);

/** What an unbind write returns if its driver does not have the function. */
function notItsDriver({ device, driver }: StoreFrame): Results {
  const has = device === null ? undefined : only(device.driver);
  if (has === undefined || has === driver) return [-ERRNO.ENODEV];
  const text = has === null ? 'no driver is bound' : `${has} is bound, and not ${driver}`;
  return because(ERRNO.ENODEV, text, `${device?.address}/driver`);
}

/** Whether the function may have had another driver's override at some moment of the write. */
function wasKeptAway({ machine }: Engine, { device, driver, seq }: StoreFrame): boolean {
  const overrides = device === null ? 'unknown' : machine.overrideSince(device, seq);
  return overrides !== 'unknown' && overrides.some((o) => o !== null && o !== driver);
}

/**
 * Whether the driver matched by a dynamic id that another write removed: one that was not recorded,
 * or whose end has not been seen yet.
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

export function endUnbind(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  if (frame.released) return storeResult(frame, [frame.count], ret);
  const { device, driver } = frame;
  if (device === null) return UNKNOWN;
  const wasBound = certainly(frame.driverBefore, driver) && certainly(frame.found, true);
  if (engine.records('device_release_driver_internal')) {
    if (wasBound && !frame.overlapped) {
      const difference = diverge(
        `${device.address}/driver`,
        `${driver} is released`,
        errnoName(ret),
      );
      const verdict = engine.weighAgainstSnapshot(device, 'driver', difference);
      if (verdict.type === 'unknown') forgetDriver(engine, device);
      return verdict;
    }
    return storeResult(frame, notItsDriver(frame), ret);
  }
  if (engine.gaps) return UNKNOWN;
  const never = !possibly(frame.driverBefore, driver) && !possibly(device.driver, driver);
  const tried = driver === null ? -1 : (device.triedBy.get(driver) ?? -1);
  if (never && tried < frame.seq) return storeResult(frame, notItsDriver(frame), ret);
  if (frame.overlapped) return UNKNOWN;
  // It may have lost its driver before, in a way that the recording does not show.
  if (wasBound && ret < 0 && !engine.showsReleases) return UNKNOWN;
  if (wasBound) {
    engine.machine.loosen(device);
    device.driver = [null];
    device.bound = false;
    return storeResult(frame, [frame.count], ret);
  }
  return possibly(frame.driverBefore, driver) ? UNKNOWN : storeResult(frame, [-ERRNO.ENODEV], ret);
}

/** It has another driver than was assumed. */
function forgetDriver(engine: Engine, device: PciDevice): void {
  engine.machine.loosen(device);
  device.driver = 'unknown';
  device.bound = false;
}

export function endDriversProbe(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const { pass } = frame;
  if (pass === null) {
    // No address of the PCI bus was written: nothing there has such a name, but every bus has this
    // attribute, and which bus it was is not recorded.
    return ret === -ERRNO.ENODEV ? explained(noFunction(frame.text), ret) : UNKNOWN;
  }
  const missing = ret >= 0 ? endPass(engine, pass) : null;
  if (missing !== null) return missing;
  const last = pass.tried.at(-1)?.ret ?? 0;
  const expected: Results[] = [];
  if (pass.tried.length === 0 && possibly(frame.found, false))
    expected.push(noFunction(frame.text));
  if (pass.tried.length > 0 || possibly(frame.found, true)) {
    expected.push([last < 0 ? -ERRNO.EINVAL : frame.count]);
  }
  const verdict = storeResult(frame, anyOf(...expected), ret);
  if (verdict.type === 'match') return verdict;
  const doubted = engine.weighAgainstSnapshot(pass.device, 'driver', verdict);
  if (doubted.type === 'unknown' && ret === -ERRNO.ENODEV) engine.machine.remove(pass.device);
  return doubted;
}
