import { errnoName } from '../../../traces/index.js';
import { placed, type Reason, type Results, reasonsFor } from '../../model/reason.js';

/**
 * The basis of a match, the strongest first. Only a computed one proves much about the kernel: the
 * others would fit very many states.
 */
const BASES = ['computed', 'order', 'passed', 'default'] as const;
export type Basis = (typeof BASES)[number];

/**
 * Replay's verdict on one event.
 * - `stimulus`: it enters the machine from outside, and is not judged.
 * - `match`: the kernel did what was predicted.
 * - `diverge`: it did something else.
 * - `unknown`: the recording does not determine the state that the response depends on.
 * - `unmodelled`: no model covers the response.
 *
 * `code` is part of the state hash: numbers are never changed or reused.
 */
export type Verdict =
  | ({ readonly type: 'stimulus'; readonly code: 0 } & Explained)
  | Match
  | ({ readonly type: 'unknown'; readonly code: 5 } & Explained)
  | { readonly type: 'unmodelled'; readonly code: 6 }
  | Difference;

interface Explained {
  /** Of a refused call: the rule that refused it; several if it is not known which one did. */
  readonly reasons?: readonly Reason[];
}

export interface Match extends Explained {
  readonly type: 'match';
  readonly basis: Basis;
  readonly code: 1 | 2 | 3 | 4;
}

/** The kernel did something else than was predicted. */
export interface Difference {
  readonly type: 'diverge';
  readonly code: 7;
  readonly expected: string;
  readonly actual: string;
  /** Part of the state that the prediction came from, such as `0000:01:00.1/driver`. */
  readonly path: string;
}

// One object for all of a type: judging a million events makes no million objects.
export const STIMULUS = Object.freeze({ type: 'stimulus', code: 0 } as const);
/** The state made it so: another state would have led to another response. */
export const COMPUTED: Match = Object.freeze({ type: 'match', basis: 'computed', code: 1 });
/** It came in its place: the next of a series, or the step that follows another. */
export const IN_ORDER: Match = Object.freeze({ type: 'match', basis: 'order', code: 2 });
/** It passes on what its caller passed to it, or returns what the called function returned. */
export const PASSED: Match = Object.freeze({ type: 'match', basis: 'passed', code: 3 });
/** It succeeded, as nearly every call does. */
export const DEFAULT: Match = Object.freeze({ type: 'match', basis: 'default', code: 4 });
export const UNKNOWN = Object.freeze({ type: 'unknown', code: 5 } as const);
export const UNMODELLED = Object.freeze({ type: 'unmodelled', code: 6 } as const);

export const diverge = (path: string, expected: string, actual: string): Difference => ({
  type: 'diverge',
  code: 7,
  expected,
  actual,
  path,
});

/** A match when both are equal, otherwise the difference. */
export const compare = (
  path: string,
  expected: string,
  actual: string,
  match: Match = COMPUTED,
): Match | Difference => (expected === actual ? match : diverge(path, expected, actual));

/**
 * A returned number against those that are possible.
 * @param usual what the call returns when nothing is wrong: that it did is a match by default
 */
export const oneOf = (
  path: string,
  expected: Results,
  ret: number,
  usual = 0,
): Match | Difference =>
  expected.includes(ret)
    ? ret === usual
      ? DEFAULT
      : explained(expected, ret)
    : diverge(path, [...new Set(expected)].map(errnoName).join(' or '), errnoName(ret));

/** The match of a result that a rule computed; with its reasons if it is an error. */
export function explained(expected: Results, ret: number): Match {
  const reasons = reasonsFor(expected, ret);
  return reasons.length === 0 ? COMPUTED : { ...COMPUTED, reasons };
}

/** The rules that refused a call, if the verdict has any. */
export const reasonsOf = (verdict: Verdict): readonly Reason[] | undefined =>
  'reasons' in verdict ? verdict.reasons : undefined;

/** A verdict with the names of what the call is about in the cells of its reasons. */
export function placing(
  verdict: Verdict,
  names: Readonly<Partial<Record<string, string>>>,
): Verdict {
  const reasons = reasonsOf(verdict);
  if (reasons === undefined) return verdict;
  return { ...verdict, reasons: placed(reasons, names) } as Verdict;
}

/**
 * The same verdict with the cause of an error that was not predicted, or not for one reason: the
 * result, and what ran inside the call, show it afterwards.
 */
export function inHindsight(verdict: Verdict, causes: Results | null, ret: number): Verdict {
  if (verdict.type === 'diverge' || verdict.type === 'unmodelled' || causes === null) {
    return verdict;
  }
  const reasons = reasonsFor(causes, ret);
  return reasons.length === 0 || verdict.reasons !== undefined ? verdict : { ...verdict, reasons };
}

/** A result that an inner function returned, which is handed on. */
export const handedOn = (path: string, inner: number, ret: number): Match | Difference =>
  inner === ret ? PASSED : diverge(path, errnoName(inner), errnoName(ret));

/** Numbers of responses by verdict. */
export interface Counts {
  /** The sum of the four after it: matches by their basis. */
  readonly matched: number;
  readonly computed: number;
  readonly order: number;
  readonly passed: number;
  readonly default: number;
  readonly diverged: number;
  readonly unmodelled: number;
  readonly unknown: number;
}

/** Numbers of responses by the code of their verdict. */
export type Tally = number[];
export const newTally = (): Tally => [0, 0, 0, 0, 0, 0, 0, 0];

export function countsOf(tally: Tally): Counts {
  const [, computed, order, passed, byDefault, unknown, unmodelled, diverged] = tally;
  return {
    matched: computed + order + passed + byDefault,
    computed,
    order,
    passed,
    default: byDefault,
    diverged,
    unmodelled,
    unknown,
  };
}
