/** Verdicts on what kernel functions of VFIO return. */
import { COMPUTED, diverge, oneOf, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { errnoName } from '../machine/errno.js';

/**
 * A result against those that are possible.
 * @param expected null when the recording does not say what decides; empty for a new descriptor, of
 *   which any number may be free
 */
export function judge(path: string, expected: readonly number[] | null, ret: number): Verdict {
  if (expected === null) return UNKNOWN;
  if (expected.length === 0)
    return ret >= 0 ? COMPUTED : diverge(path, '0 or more', errnoName(ret));
  return oneOf(path, expected, ret);
}

/** `0x100`, for a set of bits. */
export const hex = (n: number): string => `0x${n.toString(16)}`;
