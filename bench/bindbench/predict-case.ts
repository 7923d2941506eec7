/**
 * What is predicted from the recording of a run that ended well: the tool sees neither the scenario
 * nor any other run.
 */
import { races } from '../../analysis/index.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import type { Inversion } from './case-form.js';
import type { ExploredCase, FoundRun } from './explore-case.js';
import { recordingOf } from './extract-case.js';
import type { Case } from './read-case.js';

export interface PredictedCase {
  /** A race between the actors of a deciding pair was reported. */
  readonly isFound: boolean;
  /** Races that were reported of the recording. */
  readonly reported: number;
}

/**
 * A recording shows no variables of programs, and not that its kernel has a bug of another release.
 * @returns null when there is no run that ended well, or its recording cannot show the race
 */
export function predictCase(one: Case, explored: ExploredCase): PredictedCase | null {
  const { goodRun, world } = explored;
  const isShown = one.racy.bugs === undefined && world.variables.names.length === 0;
  return goodRun === null || !isShown ? null : predictRun(one, explored, goodRun);
}

function predictRun(one: Case, explored: ExploredCase, run: FoundRun): PredictedCase {
  const reader = new TraceReader(new MemorySource(recordingOf(explored, run)));
  const report = races(reader);
  reader.close();
  const { inversions = [] } = one;
  const isFound = report.races.some(({ first, second }) =>
    inversions.some((known) => isBetween(known, [first.actor.task, second.actor.task])),
  );
  return { isFound, reported: report.races.length };
}

/** The order of a recording that ended well is the other way round, or one of several. */
const isBetween = ({ first, second }: Inversion, tasks: readonly string[]): boolean =>
  [first, second].every(({ actor }) => tasks.some((task) => task.startsWith(actor)));
