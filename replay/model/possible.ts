/**
 * What is known of a value: the values it may have now, or null when it may have any. Several
 * actors run at once, and a recording shows when a kernel function began, not when it took effect;
 * in between the value may be the old or the new one. A recording with gaps leaves it wholly
 * unknown.
 */
export type Possible<T> = readonly T[] | null;

/** True when the value is `value` whatever happened. */
export const certainly = <T>(p: Possible<T>, value: T): boolean =>
  p !== null && p.length === 1 && p[0] === value;

/** True when the value may be `value`. */
export const possibly = <T>(p: Possible<T>, value: T): boolean => p?.includes(value) ?? true;

/** The value, or undefined when it is not certain. */
export const only = <T>(p: Possible<T>): T | undefined => (p?.length === 1 ? p[0] : undefined);

/** One or the other. */
export function either<T>(a: Possible<T>, b: Possible<T>): Possible<T> {
  if (a === null || b === null) return null;
  const more = b.filter((value) => !a.includes(value));
  return more.length === 0 ? a : [...a, ...more];
}

/** For people: `nvme`, `nvme or none`, `unknown`. */
export function describe(p: Possible<string | number | boolean | null>): string {
  if (p === null) return 'unknown';
  return p.map((value) => (value === null ? 'none' : String(value))).join(' or ');
}
