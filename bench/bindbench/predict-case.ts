/**
 * What is predicted from the recording of a run that ended well: the tool sees neither the scenario
 * nor any other run.
 */
import { type Race, races } from '../../analysis/index.js';
import { UDEV_TASK } from '../../replay/index.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import type { Inversion } from './case-form.js';
import type { ExploredCase, FoundRun } from './explore-case.js';
import { recordingOf } from './extract-case.js';
import { passingRun } from './passing-run.js';
import type { Case } from './read-case.js';

export interface PredictedCase {
  /** A race between the actors of a deciding pair was reported. */
  readonly isFound: boolean;
  /** Races that were reported of the recording. */
  readonly reported: number;
}

/**
 * A recording shows no variables of programs, and not that its kernel has a bug of another release.
 */
const isShown = (one: Case, { world }: ExploredCase): boolean =>
  one.racy.bugs === undefined && world.variables.names.length === 0;

/** @returns null when there is no run that ended well, or its recording cannot show the race */
export function predictCase(one: Case, explored: ExploredCase): PredictedCase | null {
  const run = isShown(one, explored) ? passingRun(one, explored) : null;
  if (run === null) return null;
  const reported = racesOf(explored, run);
  const { inversions = [] } = one;
  const isFound = reported.some(({ first, second }) =>
    inversions.some((known) => isBetween(known, [first.actor.task, second.actor.task])),
  );
  return { isFound, reported: reported.length };
}

/**
 * Races that are predicted from recordings of a fixed scenario, one of each of its outcomes, with an
 * end that it does not have in any order.
 */
export function falselyPredicted(one: Case, explored: ExploredCase): number {
  if (!isShown(one, explored)) return 0;
  const ends = explored.runs.map(({ outcome }) => outcome);
  const isEnd = (race: Race): boolean =>
    race.drivers.other !== race.drivers.recorded &&
    ends.some((end) => (end.drivers[race.device] ?? null) === race.drivers.other) &&
    race.deadlock === null &&
    race.faults.length === 0;
  const reported = explored.runs.flatMap((run) => racesOf(explored, run));
  return reported.filter((race) => !isEnd(race)).length;
}

function racesOf(explored: ExploredCase, run: FoundRun): readonly Race[] {
  const reader = new TraceReader(new MemorySource(recordingOf(explored, run)));
  const report = races(reader);
  reader.close();
  return report.races;
}

/** The order of a recording that ended well is the other way round, or one of several. */
const isBetween = ({ first, second }: Inversion, tasks: readonly string[]): boolean =>
  [first, second].every(({ actor }) => tasks.some((task) => task.startsWith(taskOf(actor))));

/** How the task of a thread begins in a recording. */
function taskOf(name: string): string {
  if (name.startsWith('udev of ')) return UDEV_TASK;
  return name.startsWith('kworker') ? 'kworker' : name;
}
