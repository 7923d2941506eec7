/** Times of events in the three ways that the browser shows them. */
import { formatDuration } from '../../format-duration.js';
import { formatSeconds } from '../../format-seconds.js';
import type { Clock, TimeBase } from '../model/clock.js';

/** @param before time of the row above; null for the first */
export function timeText(
  ts: bigint,
  before: bigint | null,
  clock: Clock,
  { start, wallOffset }: TimeBase,
): string {
  if (clock === 'delta' && before !== null) return deltaText(ts - before);
  if (clock === 'wall' && wallOffset !== null) return wallText(ts + wallOffset);
  return formatSeconds(ts - start, 6);
}

const deltaText = (nanoseconds: bigint): string =>
  `${nanoseconds < 0n ? '' : '+'}${formatDuration(nanoseconds)}`;

const wallText = (nanoseconds: bigint): string => {
  const micros = (nanoseconds / 1000n) % 1_000_000n;
  const date = new Date(Number(nanoseconds / 1_000_000n));
  return `${date.toISOString().slice(11, 19)}.${String(micros).padStart(6, '0')}`;
};
