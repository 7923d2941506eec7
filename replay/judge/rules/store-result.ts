import type { Results } from '../../model/reason.js';
import type { StoreFrame } from '../engine/call-frames.js';
import { oneOf } from '../engine/verdict.js';

/** What a write of a sysfs attribute returned, against the numbers that are possible. */
export const storeResult = (frame: StoreFrame, expected: Results, ret: number) =>
  oneOf(`${frame.device?.address ?? frame.driver}/${frame.attribute}`, expected, ret, frame.count);
