/** A signed duration for people: three or four digits and the unit that suits them. */
export function formatDuration(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const size = Math.abs(Number(nanoseconds));
  for (const [unit, factor] of UNITS) {
    if (size >= factor) return `${sign}${trim(size / factor)} ${unit}`;
  }
  return `${sign}${size} ns`;
}

const UNITS = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
] as const;

const trim = (value: number) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
