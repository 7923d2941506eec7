/** Writes to sysfs that make, remove and bind mediated devices. */

import { ERRNO } from '../../../traces/index.js';
import { createdUuid, isUuid, type Mdev, removeAsks } from '../../model/mdev/index.js';
import { possibly } from '../../model/possible.js';
import { because } from '../../model/reason.js';
import type { StoreFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { handedOn, UNKNOWN, UNMODELLED, type Verdict } from '../engine/verdict.js';
import { mdevOf } from './mdev-rules.js';
import { storeResult } from './store-result.js';

/** `create` of a type. What the function that it calls returned is handed on. */
export function endCreate(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const { creations } = engine.mdevs;
  const creation = creations.get(frame.tid);
  creations.delete(frame.tid);
  const uuid = createdUuid(frame.text, frame.count);
  if (uuid === null) return storeResult(frame, because(ERRNO.EINVAL, 'it is no UUID'), ret);
  if (creation === undefined || creation.result === null || creation.uuid !== uuid) {
    return UNKNOWN;
  }
  const { result } = creation;
  return handedOn(`${uuid}/create`, result === 0 ? frame.count : result, ret);
}

/** `remove` of a mediated device; null for a PCI function. */
export function endRemove(engine: Engine, frame: StoreFrame, e: EventCursor): Verdict | null {
  const mdev = mdevOf(engine, e);
  if (mdev === null) return frame.device === null ? UNMODELLED : null;
  const { removals } = engine.mdevs;
  const result = removals.get(frame.tid);
  removals.delete(frame.tid);
  const asked = removeAsks(frame.text);
  if (asked === 'invalid') {
    return storeResult(frame, because(ERRNO.EINVAL, 'it is no number'), e.ret);
  }
  if (asked === 'nothing') return storeResult(frame, [frame.count], e.ret);
  if (result !== undefined) {
    return handedOn(`${mdev.uuid}/remove`, result === 0 ? frame.count : result, e.ret);
  }
  // Another writer removes it: this one has nothing to do.
  return engine.records('mdev_device_remove') ? storeResult(frame, [frame.count], e.ret) : UNKNOWN;
}

/** The mediated device that the text of a write names; null if it is not known. */
export function namedMdev(engine: Engine, { text }: StoreFrame): Mdev | null {
  const name = text.replace(/\n$/, '');
  return isUuid(name) ? (engine.mdevs.devices.get(name) ?? null) : null;
}

/** `unbind` of a driver. */
export function endMdevUnbind(frame: StoreFrame, mdev: Mdev, ret: number): Verdict {
  if (mdev.released >= frame.seq) return storeResult(frame, [frame.count, -ERRNO.ENODEV], ret);
  if (possibly<string | null>(mdev.driver, frame.driver)) return UNKNOWN;
  const text = `${mdev.uuid} is not bound to ${frame.driver}`;
  return storeResult(frame, because(ERRNO.ENODEV, text), ret);
}

/**
 * `drivers_probe`: no driver matches a mediated device, which is no error. Which bus the attribute
 * is of is not recorded: on another one nothing has such a name.
 */
export function endMdevProbe(frame: StoreFrame, mdev: Mdev, ret: number): Verdict {
  if (mdev.exists === null) return UNKNOWN;
  const found = mdev.exists ? [frame.count] : [];
  return storeResult(frame, [...found, -ERRNO.ENODEV], ret);
}
