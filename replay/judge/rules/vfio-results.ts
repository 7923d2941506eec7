/** Verdicts on what kernel functions of VFIO return. */

import { errnoName } from '../../../traces/index.js';
import { DEFAULT, diverge, oneOf, UNKNOWN, type Verdict } from '../engine/verdict.js';

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

/** Releases between which what VFIO returns differs, as major * 1000 + minor. */
const RELEASES = [6001, 6006, 6012, 6019, 7003] as const;

/**
 * A result that depends on the kernel. What only another release returns is unknown: distributions
 * bring changes into kernels that are older by their number.
 * @param expected as {@link judge} takes it, of the recorded kernel
 * @param ofRelease the same of another, which is asked for only when the result is none of these
 */
export function judgeByKernel(
  path: string,
  expected: readonly number[] | null,
  ofRelease: (version: number) => readonly number[] | null,
  ret: number,
): Verdict {
  const verdict = judge(path, expected, ret);
  if (verdict.type !== 'diverge') return verdict;
  const fits = inAnyRelease((version) => judge(path, ofRelease(version), ret).type !== 'diverge');
  return fits ? UNKNOWN : verdict;
}

/** Whether something holds in a release between which and others VFIO differs. */
export const inAnyRelease = (holds: (version: number) => boolean): boolean => RELEASES.some(holds);

/** `0x100`, for a set of bits. */
export const hex = (n: number): string => `0x${n.toString(16)}`;
