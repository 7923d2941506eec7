/** Verdicts on what kernel functions of VFIO return. */
import { DEFAULT, diverge, oneOf, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { errnoName } from '../machine/errno.js';

/**
 * A result against those that are possible.
 * @param expected null when the recording does not say what decides; empty for a new descriptor, of
 *   which any number may be free
 */
export function judge(
  path: string,
  expected: readonly number[] | null,
  ret: number,
  usual = 0,
): Verdict {
  if (expected === null) return UNKNOWN;
  if (expected.length === 0) return ret >= 0 ? DEFAULT : diverge(path, '0 or more', errnoName(ret));
  return oneOf(path, expected, ret, usual);
}

/** `0x100`, for a set of bits. */
export const hex = (n: number): string => `0x${n.toString(16)}`;
