/** Verdicts on what kernel functions of VFIO return. */

import { errnoName } from '../../../traces/index.js';
import type { Results } from '../../model/reason.js';
import { DEFAULT, diverge, oneOf, UNKNOWN, type Verdict } from '../engine/verdict.js';

/**
 * Compares a result with the possible ones.
 * @param expected null when the recording does not determine it; empty for a new descriptor, whose
 * number may be any free one
 */
export function judge(path: string, expected: Results | null, ret: number, usual = 0): Verdict {
  if (expected === null) return UNKNOWN;
  if (expected.length === 0) return ret >= 0 ? DEFAULT : diverge(path, '0 or more', errnoName(ret));
  return oneOf(path, expected, ret, usual);
}

/** Releases between which what VFIO returns differs, as major * 1000 + minor. */
const RELEASES = [6001, 6006, 6012, 6019, 7003] as const;

/**
 * A result that depends on the kernel. A result that only another release returns is unknown,
 * because distributions backport changes.
 * @param expected as for {@link judge}, for the recorded kernel
 * @param ofRelease the same for another release; only called when the result is not one of these
 */
export function judgeByKernel(
  path: string,
  expected: Results | null,
  ofRelease: (version: number) => Results | null,
  ret: number,
  usual = 0,
): Verdict {
  const verdict = judge(path, expected, ret, usual);
  if (verdict.type !== 'diverge') return verdict;
  const fits = inAnyRelease((version) => judge(path, ofRelease(version), ret).type !== 'diverge');
  return fits ? UNKNOWN : verdict;
}

/** Whether something holds in a release between which and others VFIO differs. */
export const inAnyRelease = (holds: (version: number) => boolean): boolean => RELEASES.some(holds);
