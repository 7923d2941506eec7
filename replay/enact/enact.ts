/** A recording re-enacted: its actors do again what they did, and every event is compared. */
import type { Batch, Seq } from '../../traces/index.js';
import { actorsOf } from './actors.js';
import { follow } from './follow.js';
import { machineOf } from './learn.js';
import { readRecording } from './recording.js';
import { describe } from './stepper.js';

/** Where the kernel that runs and the recording part. */
export interface EnactDifference {
  readonly seq: Seq;
  /** What the kernel that runs does. */
  readonly expected: string;
  /** The event of the recording. */
  readonly actual: string;
  /** Functions that the thread is in, outermost first. */
  readonly path: string;
  /** The state of the function in the kernel that runs; null if it does not exist. */
  readonly state: { readonly driver: string | null; readonly override: string | null } | null;
}

export interface Enacted {
  /** Events of the trace. */
  readonly events: number;
  /** Events that were compared, up to the first difference. */
  readonly compared: number;
  readonly equal: number;
  readonly different: number;
  /** Events after the first difference, which were not compared. */
  readonly notReached: number;
  /** Events that are not re-enacted, by kind. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Events of modelled kinds that no procedure makes, by function. */
  readonly skippedFunctions: Readonly<Record<string, number>>;
  /** Functions that ran but have no event in the recording. */
  readonly unrecorded: readonly string[];
  /** All orders of the steps between events were tried; false when there were too many. */
  readonly exhaustive: boolean;
  readonly first: EnactDifference | null;
}

/** @param kernel release of the recorded kernel */
export function enact(batches: Iterable<Batch>, kernel: string): Enacted {
  const recording = readRecording(batches);
  const { events, total, skipped, skippedFunctions } = recording;
  const actors = actorsOf(events);
  const spec = { machine: machineOf(recording, kernel), actors: actors.specs };
  const { equal, stuck, exhaustive, unrecorded } = follow(spec, events, actors);
  const different = stuck === null ? 0 : 1;
  const compared = equal + different;
  const counts = {
    events: total,
    compared,
    equal,
    different,
    notReached: events.length - compared,
  };
  const facts = { skipped, skippedFunctions, unrecorded, exhaustive };
  if (stuck === null) return { ...counts, ...facts, first: null };
  const { at, expected, calls, state } = stuck;
  const { seq } = events[at];
  const actual = describe(events[at]);
  return { ...counts, ...facts, first: { seq, expected, actual, path: calls.join(' > '), state } };
}
