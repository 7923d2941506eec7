/**
 * What the server answers, as the page reads it. Times are nanoseconds after the zero of their
 * trace; texts of a trace have no hidden characters.
 */

/** What is known of a trace so far, and what it consists of. */
export interface TraceStatus {
  readonly name: string;
  readonly events: number;
  /** Whether it is complete, and what is missing. */
  readonly completeness: string;
  readonly isComplete: boolean;
  readonly kernel: string | null;
  /** Changes when the trace has grown and was read again. */
  readonly generation: number;
  /** Rows of the table: calls, and events that are no calls. */
  readonly rows: number;
  /** What is being computed; `done` for nothing. */
  readonly stage: string;
  /** The same for people, with the part that is done. */
  readonly doing: string;
  /** Why a part of the work ended early. */
  readonly problem: string | null;
  /** The latest time of an event. */
  readonly end: number;
  /** Null while they are computed. */
  readonly lanes: LaneFacts | null;
  readonly findings: readonly Finding[];
}

export interface LaneFacts {
  /** Changes when lanes were computed again, which is some time after those of the trace. */
  readonly generation: number;
  readonly devices: readonly string[];
  /** The colour of each driver, as a variable of the style. */
  readonly drivers: readonly (readonly [driver: string, color: string])[];
}

/** Events with one cause that a reader may look for. */
export interface Finding {
  readonly what: string;
  readonly count: number;
  readonly seqs: readonly number[];
}

export interface Status {
  readonly version: string;
  readonly follow: boolean;
  readonly traces: readonly TraceStatus[];
}

/** A rectangle of a lane. */
export interface PartView {
  readonly from: number;
  readonly to: number;
  readonly driver: string;
  readonly count: number;
  /** The event that began it; null for what was so before the recording. */
  readonly seq: number | null;
  readonly words: string;
}

export interface SignView {
  readonly kind: string;
  readonly at: number;
  readonly seq: number;
  readonly words: string;
}

export interface LaneView {
  readonly device: string;
  readonly present: readonly PartView[];
  readonly bars: readonly PartView[];
  readonly holds: readonly PartView[];
  readonly overrides: readonly PartView[];
  readonly signs: readonly SignView[];
}

export interface LossView {
  readonly from: number;
  readonly to: number;
  readonly words: string;
}

/** Lanes within a time, aggregated to columns. */
export interface LaneWindow {
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly LaneView[];
  readonly losses: readonly LossView[];
}

/** A row of the table: a call with its result, or an event. */
export interface RowView {
  readonly seq: number;
  readonly at: number;
  readonly task: string;
  readonly device: string;
  readonly depth: number;
  readonly what: string;
  readonly result: string;
  readonly took: string;
  readonly isBad: boolean;
  /** What was found about it: a race, a divergence; empty for nothing. */
  readonly note: string;
}

export interface RowWindow {
  /** Rows that there are in all. */
  readonly total: number;
  readonly first: number;
  readonly rows: readonly RowView[];
}

/** Where an event is in the table. */
export interface Place {
  readonly row: number;
  readonly seq: number;
  readonly at: number;
  readonly total: number;
}

/** A value of the state of a device; `setBy` is the event that set it. */
export interface FieldView {
  readonly name: string;
  readonly value: string;
  readonly setBy: number | null;
}

export interface DeviceView {
  readonly device: string;
  readonly fields: readonly FieldView[];
}

export interface StateView {
  readonly seq: number;
  /** Null while the trace has not been replayed up to the event. */
  readonly devices: readonly DeviceView[] | null;
}

/** All that an event says. */
export interface EventView {
  readonly seq: number;
  readonly facts: readonly string[];
  readonly note: string;
}

export interface WhyLink {
  readonly seq: number | null;
  readonly relation: string;
  readonly text: string;
}

export interface WhyView {
  readonly seq: number;
  readonly known: boolean;
  readonly chain: readonly WhyLink[];
}

/** A call of the flame; a call without an end reaches to the end of what is shown. */
export interface FlameCall {
  readonly seq: number;
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly what: string;
  readonly isBad: boolean;
  /** How many calls it is, where several are too short to see. */
  readonly count: number;
}

export interface FlameView {
  readonly task: string;
  /** The time that was searched; shorter than wanted where there are too many events. */
  readonly from: number;
  readonly to: number;
  readonly calls: readonly FlameCall[];
}

export interface SqlView {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Whether there are more rows than these. */
  readonly more: boolean;
  readonly milliseconds: number;
}

/** Tables and their columns, for completion. */
export type Tables = Readonly<Record<string, readonly string[]>>;

/** Why there is no answer. */
export interface Refusal {
  readonly code: string;
  readonly what: string;
  readonly next: string;
}
