/** A call of a user of VFIO, as a recording has it. */
import type { RecordedEvent } from './recording.js';

/** A call: its begin, what is within it, and what it returned. */
export interface UserCall {
  readonly begin: RecordedEvent;
  /** Number of its begin. */
  readonly at: number;
  readonly inner: readonly RecordedEvent[];
  /** A function of the group that it is about, if what the thread does shows it. */
  readonly shown: string | null;
  /** Of SET_CONTAINER: the number of the event by which the group gets an IOMMU afterwards. */
  readonly setBy: number | null;
  readonly end: RecordedEvent | null;
  /** 0 when its end is not recorded. */
  readonly ret: number;
}
