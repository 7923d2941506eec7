/** A value that is not known. Null, in contrast, is the value of something known to be absent. */
export type Unknown = 'unknown';

/**
 * What is known of a value: the values that it may have now, or `unknown` if it may have any.
 * Several actors run at once, and a recording shows when a kernel function began, not when it took
 * effect: in between the value may be the old one or the new one. A recording with gaps leaves it
 * unknown.
 */
export type Possible<T> = readonly T[] | Unknown;

/** True when the value is certainly `value`. */
export const certainly = <T>(p: Possible<T>, value: T): boolean =>
  p !== 'unknown' && p.length === 1 && p[0] === value;

/** True when the value may be `value`. */
export const possibly = <T>(p: Possible<T>, value: T): boolean =>
  p === 'unknown' || p.includes(value);

/** The value, or undefined when it is not certain. */
export const only = <T>(p: Possible<T>): T | undefined =>
  p !== 'unknown' && p.length === 1 ? p[0] : undefined;

/** One or the other. */
export function either<T>(a: Possible<T>, b: Possible<T>): Possible<T> {
  if (a === 'unknown' || b === 'unknown') return 'unknown';
  const more = b.filter((value) => !a.includes(value));
  return more.length === 0 ? a : [...a, ...more];
}

/** For people: `nvme`, `nvme or none`, `unknown`. */
export function describe(p: Possible<string | number | boolean | null>): string {
  if (p === 'unknown') return 'unknown';
  return p.map((value) => (value === null ? 'none' : String(value))).join(' or ');
}
