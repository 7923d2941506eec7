/** `__driver_probe_device`: a driver is tried on a device (kernel drivers/base/dd.c 6.1). */

import { ERRNO, errnoName } from '../../../traces/index.js';
import { attachResult } from '../../model/binding/attach-result.js';
import { covers, parseNewId } from '../../model/binding/pci-ids.js';
import {
  certainly,
  describe,
  either,
  only,
  type Possible,
  possibly,
} from '../../model/possible.js';
import { because } from '../../model/reason.js';
import type { AttemptFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  compare,
  diverge,
  explained,
  handedOn,
  inHindsight,
  PASSED,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import { matchesSomehow, mayMatch } from '../machine/bus-match.js';
import type { PciDevice } from '../machine/pci-device.js';
import { setBound, setFree } from './bind.js';
import { bound } from './binding-stores.js';
import { byUnseenId, nextInPass, passOf } from './driver-pass.js';

/** `__driver_probe_device`. */
export function match(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null) return STIMULUS;
  return e.phase === 'end' ? endMatch(engine, e, device) : beginMatch(engine, e, device);
}

/** What shows that an attempt has got to probing. */
const PROBING = ['really_probe', 'pci_device_probe'];

function beginMatch(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const driver = e.driver ?? '';
  const { seq, tid } = e;
  engine.assumePresent(device);
  const holder = engine.frames.onDevice(device, '__driver_probe_device');
  const pass = passOf(engine, tid, device);
  const verdict = expectedAttempt(engine, e, device, driver, pass);
  device.triedBy.set(driver, seq);
  engine.frames.push<AttemptFrame>({
    type: '__driver_probe_device',
    seq,
    tid,
    device,
    driver,
    overlapped: false,
    pass,
    driverBefore: device.driver,
    gone: isGone(engine, tid, device),
    really: null,
  });
  pass?.tried.push({ driver, ret: null });
  engine.machine.claims.register(driver);
  if (!engine.recordsAny(PROBING)) device.driver = either(device.driver, [driver]);
  if (holder !== null && holder.tid !== tid && holder.really?.ret === null && !engine.gaps) {
    const path = `${device.address}/lock`;
    return diverge(path, `thread ${holder.tid} holds the device lock`, `thread ${tid} probes`);
  }
  return verdict;
}

/**
 * Whether the attempt is on an earlier function at the same address: a thread that waited for its
 * lock still refers to it, although it is dead and another one may have been created.
 */
function isGone(engine: Engine, tid: number, device: PciDevice): Possible<boolean> {
  const attach = engine.frames.inner(tid, 'attach');
  if (attach?.device === device && attach.seq < device.born) return [true];
  const store = engine.frames.inner(tid, 'store');
  // The function is looked up at some moment of the write.
  return store?.device === device && store.seq < device.born ? [false, true] : [false];
}

function expectedAttempt(
  engine: Engine,
  e: EventCursor,
  device: PciDevice,
  driver: string,
  pass: AttemptFrame['pass'],
): Verdict {
  const path = `${device.address}/match`;
  const attach = engine.frames.inner(e.tid, 'attach');
  if (attach?.device === device) {
    attach.match = { ret: null };
    return compare(path, attach.driver, driver, PASSED);
  }
  const binding = engine.frames.inner(e.tid, 'store');
  if (binding?.attribute === 'bind' && binding.device === device) {
    // A recording without device_driver_attach.
    binding.attach = { ret: null };
    return compare(path, binding.driver ?? '', driver, PASSED);
  }
  if (pass !== null) return nextInPass(engine, pass, driver);
  const { machine } = engine;
  const store = engine.frames.inner(e.tid, 'store');
  if (store?.attribute === 'new_id') {
    store.attempts++;
    if (store.driver !== driver) return compare(path, store.driver ?? '', driver);
  }
  // A driver that searches for devices matches them before it waits for their locks.
  const since = store?.attribute === 'new_id' ? store.seq : 0;
  const override = machine.overrideSince(device, since);
  // Another write may have removed the id that it matched by.
  const byOwnId = store?.attribute === 'new_id' && newIdCovers(store.text, device);
  if (byOwnId && possibly(override, null)) return COMPUTED;
  // The work was queued for a function that has been removed since.
  const left =
    certainly(device.visible, false) && machine.claims.asynchronous?.has(driver) === true;
  if (left) return COMPUTED;
  if (!mayMatch(machine, device, driver, override)) {
    // It may have matched by any id that the driver had since the write began, even for a function
    // that was removed while the write waited for its lock.
    if (store?.attribute === 'new_id' && possibly(override, null)) {
      const claimed = device.ids !== null && machine.claims.claims(driver, device.ids) === true;
      return claimed ? COMPUTED : UNKNOWN;
    }
    const difference = diverge(path, `a driver for override ${describe(override)}`, driver);
    const verdict = engine.weighAgainstSnapshot(device, 'override', difference);
    return byUnseenId(engine, device, driver) ? UNKNOWN : verdict;
  }
  // A driver that registers, or a deferred probe: the recording does not show when it matched. One
  // that probes asynchronously matched when the work was queued, however long ago.
  const matched =
    machine.claims.asynchronous?.has(driver) === true ? override : engine.override(device);
  return matchesSomehow(machine, device, driver, matched) ? COMPUTED : UNKNOWN;
}

/** Whether the id that a write adds is that of a device. */
function newIdCovers(text: string, { ids }: PciDevice): boolean {
  const parsed = parseNewId(text);
  return parsed !== null && ids !== null && covers(parsed.entry, ids) === true;
}

function endMatch(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const frame = engine.frames.pop(e.span);
  const { ret } = e;
  if (frame?.type !== '__driver_probe_device') {
    if (ret === 0) setBound(device, e.driver);
    return UNKNOWN;
  }
  const tried = frame.pass?.tried.at(-1);
  if (tried !== undefined) tried.ret = ret;
  const attach = engine.frames.inner(e.tid, 'attach');
  if (attach?.match) attach.match.ret = ret;
  const store = engine.frames.inner(e.tid, 'store');
  if (attach === null && store?.attach) store.attach.ret = attachResult(ret);
  const verdict = matchResult(engine, frame, device, ret);
  if (ret === 0) setBound(device, frame.driver);
  else if (frame.really !== null) setFree(engine, device);
  // Whether it probed is not recorded: the device is as free as it was before.
  else if (!engine.records('really_probe')) device.driver = either(frame.driverBefore, [null]);
  if (ret !== 0) engine.machine.loosen(device, frame.driver);
  return verdict;
}

function matchResult(engine: Engine, frame: AttemptFrame, device: PciDevice, ret: number): Verdict {
  const path = `${device.address}/driver`;
  if (frame.really !== null) {
    if (frame.really.ret === null) return UNKNOWN;
    return handedOn(path, frame.really.ret, ret);
  }
  if (certainly(frame.gone, true)) {
    return inHindsight(compare(path, '-ENODEV', errnoName(ret)), REMOVED, ret);
  }
  const expected: number[] = [];
  // The thread that removes the device deletes it after the first release, whose end may not be
  // recorded.
  const leaves = (device.removal?.releases ?? 0) > 0;
  const mayBeDead = leaves || possibly(device.dead, true) || possibly(frame.gone, true);
  if (mayBeDead) expected.push(-ERRNO.ENODEV);
  if (!engine.records('really_probe')) {
    if (ret === -ERRNO.EBUSY) return busy(frame, path);
    return expected.includes(ret) ? COMPUTED : UNKNOWN;
  }
  const before = only(frame.driverBefore);
  const busyNow = frame.driverBefore === 'unknown' || frame.driverBefore.some((d) => d !== null);
  if (busyNow) expected.push(-ERRNO.EBUSY);
  if (engine.machine.kernel.readyToProbe) expected.push(-ERRNO.EPROBE_DEFER);
  if (expected.includes(ret)) {
    const known = ret === -ERRNO.EBUSY && typeof before === 'string';
    return known ? explained(bound(device, before), ret) : inHindsight(COMPUTED, REMOVED, ret);
  }
  // The kernel may be one that allows no probing before a device is added.
  if (ret === -ERRNO.EPROBE_DEFER) return UNKNOWN;
  if (device.assumed.driver) return UNKNOWN;
  // Without the events of a removal the device may be on its way out.
  const leaving = !engine.records('pci_stop_and_remove_bus_device');
  if (ret === -ERRNO.ENODEV && leaving) return UNKNOWN;
  const wanted =
    expected.length === 0 ? `${frame.driver} probes` : expected.map(errnoName).join(' or ');
  return diverge(path, wanted, errnoName(ret));
}

/** Without a call of the probe there is no other cause (`__driver_probe_device`). */
const REMOVED = because(ERRNO.ENODEV, 'the function is being removed');

const busy = (frame: AttemptFrame, path: string): Verdict =>
  certainly(frame.driverBefore, null)
    ? diverge(path, `${frame.driver} probes`, '-EBUSY')
    : COMPUTED;
