import { errnoName } from '../machine/errno.js';

/**
 * What replay says of one event. Null: the event is a stimulus, which enters the machine from
 * outside. `unmodelled` and `unknown` are never counted as matches: no model covers the response,
 * or the recording does not say enough of the state it depends on.
 */
export type Verdict = null | 'match' | 'unknown' | 'unmodelled' | Difference;

/** The kernel did something else than the model predicted. */
export interface Difference {
  readonly expected: string;
  readonly actual: string;
  /** Part of the state that the prediction came from, such as `0000:01:00.1/driver`. */
  readonly path: string;
}

/** `match` when both are equal, otherwise the difference. */
export const compare = (path: string, expected: string, actual: string): Verdict =>
  expected === actual ? 'match' : { expected, actual, path };

export const diverge = (path: string, expected: string, actual: string): Difference => ({
  expected,
  actual,
  path,
});

/** A returned number against those that are possible. */
export const oneOf = (
  path: string,
  expected: readonly number[],
  ret: number,
): 'match' | Difference =>
  expected.includes(ret)
    ? 'match'
    : diverge(path, [...new Set(expected)].map(errnoName).join(' or '), errnoName(ret));

/** Numbers of responses by verdict. */
export interface Counts {
  matched: number;
  diverged: number;
  unmodelled: number;
  unknown: number;
}

export const noCounts = (): Counts => ({ matched: 0, diverged: 0, unmodelled: 0, unknown: 0 });

export function count(counts: Counts, verdict: NonNullable<Verdict>): void {
  if (verdict === 'match') counts.matched++;
  else if (verdict === 'unknown') counts.unknown++;
  else if (verdict === 'unmodelled') counts.unmodelled++;
  else counts.diverged++;
}
