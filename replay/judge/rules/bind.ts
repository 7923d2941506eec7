/** Binding by hand, and a driver being bound (kernel drivers/base/bus.c and dd.c 6.1). */
import { attachResult } from '../../model/binding/attach-result.js';
import { certainly, either } from '../../model/possible.js';
import type { AttachFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  compare,
  diverge,
  handedOn,
  PASSED,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import type { PciDevice } from '../machine/pci-device.js';
import { matchesNow } from './binding-stores.js';
import { byUnseenId } from './driver-pass.js';
import { forgetLimit } from './sriov-rules.js';

/** `device_driver_attach`, and the point at which a driver is bound. */
export function bind(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null) return STIMULUS;
  if (e.phase === 'begin') return beginAttach(engine, e, device);
  if (e.phase === 'end') return endAttach(engine, e);
  return bound(engine, e, device);
}

function beginAttach(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const driver = e.driver ?? '';
  const { seq, tid } = e;
  const store = engine.frames.inner(tid, 'store');
  const frame: AttachFrame = {
    type: 'attach',
    seq,
    tid,
    device,
    driver,
    overlapped: false,
    match: null,
  };
  engine.frames.push(frame);
  if (store?.attribute !== 'bind') return UNKNOWN;
  store.attach = { ret: null };
  const path = `${device.address}/match`;
  if (store.driver !== driver || store.device !== device) {
    return compare(path, `${store.driver} ${store.device?.address}`, `${driver} ${device.address}`);
  }
  // An id that was written in the meantime may be why it matches.
  const still = matchesNow(engine, device, driver) === false;
  if (store.matches === false && still && !store.overlapped) {
    const difference = diverge(path, `${driver} does not match: -ENODEV`, `${driver} is attached`);
    // It matched by an override, or by a dynamic id, which the recording does not show.
    if (device.assumed.override) device.override = either(device.override, [driver]);
    const verdict = engine.weighAgainstSnapshot(device, 'override', difference);
    return byUnseenId(engine, device, driver) ? UNKNOWN : verdict;
  }
  if (store.matches === null && device.ids !== null && certainly(engine.override(device), null)) {
    return store.overlapped ? COMPUTED : UNKNOWN;
  }
  return COMPUTED;
}

function endAttach(engine: Engine, e: EventCursor): Verdict {
  const frame = engine.frames.pop(e.span);
  if (frame?.type !== 'attach') return UNKNOWN;
  const store = engine.frames.inner(e.tid, 'store');
  if (store?.attach) store.attach.ret = e.ret;
  const inner = frame.match?.ret;
  if (inner === undefined || inner === null) return UNKNOWN;
  const path = `${frame.device?.address}/driver`;
  return handedOn(path, attachResult(inner), e.ret);
}

/** `driver_bound`: the driver is the one that probes. */
function bound(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const attempt =
    engine.frames.onDevice(device, 'really_probe') ??
    engine.frames.onDevice(device, '__driver_probe_device');
  const path = `${device.address}/driver`;
  const driver = e.driver ?? '';
  device.probed = e.seq;
  if (attempt === null) {
    device.driver = [driver];
    device.bound = true;
    return UNKNOWN;
  }
  if (attempt.type === 'really_probe') attempt.bound = true;
  device.driver = [attempt.driver];
  device.bound = true;
  if (attempt.type === 'really_probe' && (attempt.bus?.ret ?? 0) !== 0) {
    return diverge(path, `probe failed: ${attempt.driver} is not bound`, `${driver} bound`);
  }
  return compare(path, `${attempt.driver} bound`, `${driver} bound`, PASSED);
}

export function setBound(device: PciDevice, driver: string | null): void {
  device.assumed.driver = false;
  device.driver = [driver];
  device.bound = true;
  device.bindable = [true];
  forgetLimit(device, driver);
}

export function setFree(engine: Engine, device: PciDevice): void {
  engine.machine.loosen(device);
  device.assumed.driver = false;
  device.driver = [null];
  device.bound = false;
}
