/** The lanes of a recording: for each device what became of it over time. Plain data. */
import type { RaceReport } from '../races/index.js';

/**
 * An event that begins or ends a part of a lane. Times of lanes are nanoseconds after the time that
 * `zeroOf` returns, exact up to 104 days; a snapshot may be from before.
 */
export interface Edge {
  readonly seq: number;
  readonly at: number;
  readonly task: string | null;
  readonly tid: number | null;
  /** The operation that caused it, such as `sriov_numvfs=0`; null when the recording shows none. */
  readonly why: string | null;
  /** The write to sysfs that this operation is; null if it is another one. */
  readonly store: number | null;
}

/** A time with a beginning and an end; null where the recording does not have it. */
export interface Stretch {
  readonly from: Edge | null;
  readonly to: Edge | null;
}

/** The time during which a driver was bound, or a driver_override was set. */
export interface DriverStretch extends Stretch {
  readonly driver: string;
}

export const MARK_KINDS = ['override', 'failed probe', 'race', 'reset'] as const;
export type MarkKind = (typeof MARK_KINDS)[number];

/** Something that happened to a device at one time. */
export interface Mark {
  readonly kind: MarkKind;
  readonly seq: number;
  readonly at: number;
  readonly task: string | null;
  readonly tid: number | null;
  readonly what: string;
  /** The other side of a race. */
  readonly other?: number;
}

export interface Lane {
  readonly device: string;
  /** When the device existed. */
  readonly present: readonly Stretch[];
  readonly bars: readonly DriverStretch[];
  /** When it was open through VFIO; `from` has the user. */
  readonly holds: readonly Stretch[];
  readonly overrides: readonly DriverStretch[];
  readonly marks: readonly Mark[];
}

/** Events that were lost between two times. */
export interface LossBand {
  readonly seq: number;
  readonly from: number;
  readonly to: number;
  /** Null when the number is not known. */
  readonly events: number | null;
  readonly source: string;
  readonly cpu: number | null;
  readonly text: string | null;
}

export interface Lanes {
  /** The time of the trace's clock that all times count from, in nanoseconds. */
  readonly zero: bigint;
  /** The latest time of an event. */
  readonly end: number;
  /** Sorted by address. */
  readonly devices: readonly Lane[];
  readonly losses: readonly LossBand[];
  readonly races: RaceReport;
}

/** Whether anything happened to a device, beyond its being there with one driver. */
export const isEventful = ({ present, bars, holds, overrides, marks }: Lane): boolean =>
  holds.length > 0 ||
  marks.length > 0 ||
  [...present, ...bars, ...overrides].some(({ from, to }) => from !== null || to !== null);
