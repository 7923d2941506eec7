/** A recording re-enacted: its actors do again what they did, and every event is compared. */
import type { Batch, Seq } from '../../traces/index.js';
import { guessRelease } from '../model/kernel-rules.js';
import { actorsOf, isOfUser } from './actors.js';
import { type FollowOptions, follow } from './follow.js';
import { machineOf } from './learn.js';
import { type RecordedEvent, type Recording, readRecording } from './recording.js';
import { describe } from './stepper.js';
import { type Users, usersOf } from './users.js';

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
  /** Events that come from outside of the kernel's procedures, by kind. */
  readonly outside: Readonly<Record<string, number>>;
  /** Events of kinds that procedures make, and that are not re-enacted, by kind. */
  readonly skipped: Readonly<Record<string, number>>;
  /** The same by function, or by what they are. */
  readonly skippedFunctions: Readonly<Record<string, number>>;
  /** Share of the skipped events in all of kinds that procedures make. */
  readonly skippedShare: number;
  /** Functions that ran but have no event in the recording. */
  readonly unrecorded: readonly string[];
  /** All orders of the steps between events were tried; false when there were too many. */
  readonly exhaustive: boolean;
  readonly first: EnactDifference | null;
}

/** @param kernel release of the recorded kernel */
export function enact(batches: Iterable<Batch>, kernel: string): Enacted {
  const recording = readRecording(batches);
  const { total, outside, skipped } = recording;
  const release = releaseOf(recording, kernel);
  const { events, followed } = enacted(recording, release)!;
  const { equal, stuck, exhaustive, unrecorded } = followed;
  const different = stuck === null ? 0 : 1;
  const compared = equal + different;
  const counts = {
    events: total,
    compared,
    equal,
    different,
    notReached: events.length - compared,
  };
  const left = Object.values(skipped.kinds).reduce((a, b) => a + b, 0);
  const skippedShare = left === 0 ? 0 : left / (left + events.length);
  const facts = {
    outside,
    skipped: skipped.kinds,
    skippedFunctions: skipped.functions,
    skippedShare,
    unrecorded,
    exhaustive,
  };
  if (stuck === null) return { ...counts, ...facts, first: null };
  const { at, expected, calls, state } = stuck;
  const { seq } = events[at];
  const actual = describe(events[at]);
  return { ...counts, ...facts, first: { seq, expected, actual, path: calls.join(' > '), state } };
}

/** The release of the kernel; if it is not known, what its functions show. */
export const releaseOf = ({ names }: Recording, kernel: string): string =>
  kernel === 'unknown' ? (guessRelease([...names]) ?? kernel) : kernel;

export interface EnactLimits {
  /** With more operations, nothing is done. */
  readonly operationsMax?: number;
  readonly follow?: FollowOptions;
}

/**
 * What of a recording can be re-enacted, and how far it comes out as recorded.
 * @returns null when it has more operations than are allowed
 */
export function enacted(
  recording: Recording,
  release: string,
  { operationsMax = Number.POSITIVE_INFINITY, ...options }: EnactLimits = {},
) {
  const isEarly = (e: RecordedEvent) => recording.earlyUsers.has(e.pid) && isOfUser(e);
  let events = without(
    recording,
    recording.events,
    isEarly,
    'a user of a mediated device of before',
  );
  for (;;) {
    const { users, kept } = repeatable(recording, events);
    events = kept;
    const actors = actorsOf(events, users);
    const machine = machineOf({ ...recording, events }, release);
    const { guessed } = users;
    const known = { events, next: actors.next, config: recording.config, guessed };
    const spec = { machine, actors: actors.specs };
    const operations = actors.specs.reduce((sum, one) => sum + one.operations.length, 0);
    if (operations > operationsMax) return null;
    const followed = follow(spec, known, actors, options.follow);
    const pid = followed.stuck === null ? null : events[followed.stuck.at].pid;
    if (pid === null || !guessed.has(pid)) return { events, spec, known, actors, followed };
    const isOwn = (e: RecordedEvent) =>
      users.processOf(e.pid) === users.processOf(pid) && isOfUser(e);
    const devices = new Set(events.filter(isOwn).map(({ device }) => device));
    // Without its user, nobody is requested to close a device.
    const isOfProcess = (e: RecordedEvent) =>
      isOwn(e) || (e.kind === 'device.request' && devices.has(e.device));
    events = without(recording, events, isOfProcess, GUESSED);
  }
}

/** Events without some, which are skipped. @param why what those are */
function without(
  { skipped }: Recording,
  events: readonly RecordedEvent[],
  isSkipped: (e: RecordedEvent) => boolean,
  why: string,
): readonly RecordedEvent[] {
  for (const e of events) if (isSkipped(e)) skipped.add(e.kind, why);
  return events.filter((e) => !isSkipped(e));
}

/**
 * Calls of iommufds and of character devices do not name their files, and some recordings have no
 * configuration space. Where following such a process leads to a difference, that may be due to
 * what was assumed.
 */
const GUESSED = 'a process whose files or devices are not known';

/** Events without those that no operation can repeat, and what users did for the others. */
function repeatable(
  recording: Recording,
  events: readonly RecordedEvent[],
): { readonly kept: readonly RecordedEvent[]; readonly users: Users } {
  let kept = events;
  for (;;) {
    const users = usersOf(recording, kept);
    if (users.dropped.size === 0) return { kept, users };
    for (const [{ kind }, why] of users.dropped) recording.skipped.add(kind, why);
    kept = kept.filter((e) => !users.dropped.has(e));
  }
}
