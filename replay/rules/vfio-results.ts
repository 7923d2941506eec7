/** Verdicts on what kernel functions of VFIO return. */
import { compare, diverge, type Verdict } from '../engine/verdict.js';
import { errnoName } from '../machine/errno.js';

/** Any number of a new descriptor: which one is free is not a model's to know. */
export const ANY_DESCRIPTOR: readonly number[] = [];

/**
 * A result against those that are possible.
 * @param expected null when the recording does not say what decides; empty for a descriptor
 */
export function judge(path: string, expected: readonly number[] | null, ret: number): Verdict {
  if (expected === null) return 'unknown';
  if (expected.length === 0) return ret >= 0 ? 'match' : diverge(path, '0 or more', errnoName(ret));
  if (expected.includes(ret)) return 'match';
  const wanted = [...new Set(expected)].map(errnoName).join(' or ');
  return compare(path, wanted, errnoName(ret));
}

/** `-EIO`, or `0x100` for a set of bits. */
export const hex = (n: number): string => `0x${n.toString(16)}`;
