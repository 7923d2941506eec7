/** A recording re-enacted: its actors do again what they did, and every event is compared. */
import type { Batch, Seq } from '../../traces/index.js';
import { guessRelease } from '../model/kernel-rules.js';
import { actorsOf, isOfUser } from './actors.js';
import { type FollowOptions, follow } from './follow.js';
import { machineOf } from './learn.js';
import { type RecordedEvent, type Recording, readRecording, type Skipped } from './recording.js';
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
  /** The release whose rules were used. */
  readonly kernel: string;
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

/** Releases that are tried for a recording that does not name its kernel. */
const RELEASES: readonly string[] = ['7.3', '6.12.117', '6.12', '6.1', '6.18'];

/**
 * @param kernel release of the recorded kernel; `unknown`: the one by which the most events come
 *   out, first what its functions show
 */
export function enact(batches: Iterable<Batch>, kernel: string): Enacted {
  const recording = readRecording(batches);
  const first = releaseOf(recording, kernel);
  const releases = kernel === 'unknown' ? [...new Set([first, ...RELEASES])] : [];
  let best = first;
  let most = -1;
  for (const release of releases) {
    const found = enacted(recording, release, { keepsGuesses: true })!;
    const { stuck, equal } = found.followed;
    if (stuck === null) return resultOf(recording, release, found);
    if (equal > most) [best, most] = [release, equal];
  }
  return resultOf(recording, best, enacted(recording, best)!);
}

type Found = NonNullable<ReturnType<typeof enacted>>;

function resultOf(
  { total, outside }: Recording,
  release: string,
  { events, followed, skipped }: Found,
): Enacted {
  const { equal, stuck, exhaustive, unrecorded } = followed;
  const different = stuck === null ? 0 : 1;
  const compared = equal + different;
  const counts = {
    kernel: release,
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
  /** Processes whose files were guessed are not left out: the first difference ends it. */
  readonly keepsGuesses?: boolean;
}

/**
 * What of a recording can be re-enacted, and how far it comes out as recorded.
 * @returns null when it has more operations than are allowed
 */
export function enacted(
  recording: Recording,
  release: string,
  { operationsMax = Number.POSITIVE_INFINITY, keepsGuesses = false, ...options }: EnactLimits = {},
) {
  const skipped = recording.skipped.copy();
  const isEarly = (e: RecordedEvent) => recording.earlyUsers.has(e.pid) && isOfUser(e);
  let events = without(skipped, recording.events, isEarly, EARLY);
  for (;;) {
    const { users, kept } = repeatable(recording, skipped, events);
    events = kept;
    const actors = actorsOf({ ...recording, events }, users);
    const machine = machineOf({ ...recording, events }, release);
    const { guessed } = users;
    const known = { events, next: actors.next, config: recording.config, guessed };
    const spec = { machine, actors: actors.specs };
    const operations = actors.specs.reduce((sum, one) => sum + one.operations.length, 0);
    if (operations > operationsMax) return null;
    const followed = follow(spec, known, actors, options.follow);
    const pid = followed.stuck === null ? null : events[followed.stuck.at].pid;
    if (pid === null || !guessed.has(pid) || keepsGuesses) {
      return { events, spec, known, actors, followed, skipped };
    }
    const isOwn = (e: RecordedEvent) =>
      users.processOf(e.pid) === users.processOf(pid) && isOfUser(e);
    const devices = new Set(events.filter(isOwn).map(({ device }) => device));
    // Without its user, nobody is requested to close a device.
    const isOfProcess = (e: RecordedEvent) =>
      isOwn(e) || (e.kind === 'device.request' && devices.has(e.device));
    events = without(skipped, events, isOfProcess, GUESSED);
  }
}

const EARLY = 'a user of a mediated device of before';

/** Events without some, which are skipped. @param why what those are */
function without(
  skipped: Skipped,
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
  skipped: Skipped,
  events: readonly RecordedEvent[],
): { readonly kept: readonly RecordedEvent[]; readonly users: Users } {
  let kept = events;
  for (;;) {
    const users = usersOf(recording, kept);
    if (users.dropped.size === 0) return { kept, users };
    for (const [{ kind }, why] of users.dropped) skipped.add(kind, why);
    kept = kept.filter((e) => !users.dropped.has(e));
  }
}
