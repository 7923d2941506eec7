/** Writes of `new_id` and `remove_id` (kernel drivers/pci/pci-driver.c 6.1). */

import { ERRNO } from '../../../traces/index.js';
import { parseNewId } from '../../model/binding/pci-ids.js';
import { anyOf, because, type Results } from '../../model/reason.js';
import type { StoreFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import { UNKNOWN, type Verdict } from '../engine/verdict.js';
import { storeResult } from './store-result.js';

export function addDynamicId(engine: Engine, frame: StoreFrame): void {
  // Two writes that search for the id at the same time may both fail to find it.
  engine.frames.isOpen((other) => {
    const same = other.type === 'store' && other.attribute === 'new_id' && isSame(other, frame);
    if (same) Object.assign(other, { rival: true });
    frame.rival ||= same;
    return false;
  });
  const parsed = parseNewId(frame.text);
  // The id counts from within the write, so that the attempts it causes find it.
  if (parsed !== null && frame.driver !== null) {
    engine.machine.claims.addDynamicId(frame.driver, parsed.entry);
  }
}

const isSame = (a: StoreFrame, b: StoreFrame): boolean =>
  a.driver === b.driver && a.text.trim() === b.text.trim();

/** Whether the id was accepted, or removed, is not known. */
export function forgetId(engine: Engine, { driver, text }: StoreFrame): void {
  const parsed = parseNewId(text);
  if (parsed !== null && driver !== null) {
    engine.machine.claims.removeDynamicId(driver, parsed.entry);
  }
}

const taken = (driver: string): Results =>
  because(ERRNO.EEXIST, `${driver} has that id already, in its table or from new_id`);

export function endNewId(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const parsed = parseNewId(frame.text);
  if (parsed === null) return storeResult(frame, [-ERRNO.EINVAL], ret);
  const { driver } = frame;
  if (driver === null) return UNKNOWN;
  const { claims } = engine.machine;
  const equal = claims
    .dynamicIds(driver)
    .filter((entry) => JSON.stringify(entry) === JSON.stringify(parsed.entry)).length;
  if (ret < 0) claims.removeDynamicId(driver, parsed.entry);
  if (frame.attempts > 0) return storeResult(frame, [frame.count], ret);
  if (equal > 1 && parsed.fields < 7 && !frame.rival && !engine.gaps)
    return storeResult(frame, taken(driver), ret);
  // Ids added before the recording, and driver data of tables that no model has, are not known.
  return storeResult(frame, anyOf([frame.count, -ERRNO.EINVAL], taken(driver)), ret);
}

export function endRemoveId(engine: Engine, frame: StoreFrame, ret: number): Verdict {
  const parsed = parseNewId(frame.text);
  if (parsed === null) return storeResult(frame, [-ERRNO.EINVAL], ret);
  if (frame.driver === null) return UNKNOWN;
  const { claims } = engine.machine;
  const known = claims.removeDynamicId(frame.driver, parsed.entry);
  if (ret >= 0 && !known) claims.unlearn(frame.driver);
  // A write of another thread may add the id, or fail to.
  const adding = engine.frames.isOpen((f) => f.type === 'store' && f.attribute === 'new_id');
  // A lost event may have removed it.
  const certain = known && !adding && !engine.gaps;
  const missing = because(ERRNO.ENODEV, `${frame.driver} has no such dynamic id`);
  return storeResult(frame, certain ? [frame.count] : anyOf([frame.count], missing), ret);
}
