/**
 * `driver_override`: its write, and `driver_set_override` in it (kernel drivers/pci/pci-sysfs.c and
 * drivers/base/driver.c 6.1).
 */

import { ERRNO } from '../../../traces/index.js';
import { parseOverride } from '../../model/binding/parse-store.js';
import { describe } from '../../model/possible.js';
import type { StoreFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  compare,
  diverge,
  oneOf,
  PASSED,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import type { PciDevice } from '../machine/pci-device.js';
import { storeResult } from './store-result.js';

/**
 * Longest text that a driver_override accepts: a page without its end (kernel
 * drivers/base/driver.c).
 */
const OVERRIDE_MAX = 4095;

/** From the begin of the write on, others may find the new override. */
export function beginOverride(device: PciDevice, { text, count, seq }: StoreFrame): void {
  if (count < OVERRIDE_MAX) device.pending.push({ value: parseOverride(text), seq });
}

/**
 * Whether a text begins with the end of a string (\0), which is no empty line: up to 7.0 it sets an
 * override that is empty, and admits no driver; later ones, and Debian's 6.12, clear the override
 * (kernel drivers/base/driver.c and recordings of both).
 */
const isEmptyName = ({ text, count }: StoreFrame): boolean => text === '' && count > 0;

/** The write has returned: its value holds, unless another write came in between. */
export function endOverrideWrite(
  engine: Engine,
  device: PciDevice,
  frame: StoreFrame,
  seq: number,
): void {
  const at = device.pending.findIndex((pending) => pending.seq === frame.seq);
  if (at < 0) return;
  const [done] = device.pending.splice(at, 1);
  device.assumed.override = false;
  engine.machine.endOverrideWrite(device, done, seq);
  if (isEmptyName(frame)) device.override = 'unknown';
}

export const endOverride = (frame: StoreFrame, ret: number): Verdict =>
  storeResult(frame, [frame.count >= OVERRIDE_MAX ? -ERRNO.EINVAL : frame.count], ret);

/** `driver_set_override`: the text it gets is that of the write that called it. */
export function override(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null) return STIMULUS;
  const path = `${device.address}/override`;
  if (e.phase === 'end') {
    const frame = engine.frames.pop(e.span);
    return frame === null ? UNKNOWN : oneOf(path, [0], e.ret);
  }
  const store = engine.frames.inner(e.tid, 'store');
  const { seq, tid } = e;
  if (e.phase === 'begin') {
    engine.frames.push({ type: 'override', seq, tid, device, overlapped: false });
  }
  const set = JSON.stringify(parseOverride(e.text ?? ''));
  if (store?.attribute !== 'driver_override') {
    // Set by a driver in the kernel, as vfio-pci does to the VFs of its PF.
    device.override = 'unknown';
    return UNKNOWN;
  }
  if (store.device !== device)
    return diverge(path, describe([store.device?.address ?? null]), device.address);
  return compare(path, JSON.stringify(parseOverride(store.text)), set, PASSED);
}
