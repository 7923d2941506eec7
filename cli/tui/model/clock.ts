/** How times are shown: from the start of the recording, from the row above, by the wall clock. */
import { type TraceReader, zeroOf } from '../../../traces/index.js';

export const CLOCKS = ['start', 'delta', 'wall'] as const;
export type Clock = (typeof CLOCKS)[number];

/** What times are shown against. */
export interface TimeBase {
  /** Time of the trace's clock that seconds count from, in nanoseconds. */
  readonly start: bigint;
  /** CLOCK_REALTIME minus the trace's clock; null when it is not known. */
  readonly wallOffset: bigint | null;
}

export const timeBaseOf = (reader: TraceReader): TimeBase => {
  const { clock, wallOffsetNs } = reader.meta;
  const wallOffset = wallOffsetNs ?? (clock === 'realtime' ? 0n : null);
  return { start: zeroOf(reader) ?? 0n, wallOffset };
};
