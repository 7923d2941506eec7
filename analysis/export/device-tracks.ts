/** Lanes as tracks of a trace viewer: slices that follow each other on one track. */
import type { Lane, Stretch } from '../lanes/index.js';

export const DEVICE_TRACKS = ['driver', 'holder', 'override'] as const;
export type DeviceTrack = (typeof DEVICE_TRACKS)[number];

/** A slice on a track of a device, in nanoseconds after zero. */
export interface DeviceSlice {
  readonly track: DeviceTrack;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** The task that began it, and by what; null when it began before the recording. */
  readonly by: string | null;
}

/**
 * The slices of a lane in the order of their times, track by track. They do not overlap on a track.
 * @param end of the trace, for what lasted
 */
export function slicesOf(lane: Lane, end: number): DeviceSlice[] {
  const slice = (track: DeviceTrack, name: string, { from, to }: Stretch): DeviceSlice => ({
    track,
    name,
    from: Math.max(0, from?.at ?? 0),
    to: to?.at ?? end,
    by: from === null ? null : `${from.task}-${from.tid}${from.why === null ? '' : ` ${from.why}`}`,
  });
  return [
    ...lane.bars.map((bar) => slice('driver', bar.driver, bar)),
    ...lane.holds.map((hold) => slice('holder', `${hold.from?.task}-${hold.from?.tid}`, hold)),
    ...lane.overrides.map((override) => slice('override', override.driver, override)),
  ].map((one, i, all) => {
    const next = all[i + 1];
    const overlaps = next !== undefined && next.track === one.track && next.from < one.to;
    return { ...one, to: Math.max(one.from, overlaps ? next.from : one.to) };
  });
}
