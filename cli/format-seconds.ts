/** A signed time in seconds, as ftrace prints it, cut after some decimals. */
export function formatSeconds(nanoseconds: bigint, decimals = 9): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .slice(0, decimals);
  return `${nanoseconds < 0n ? '-' : ''}${size / 1_000_000_000n}.${fraction}`;
}
