/** Which run of a case that ended well is recorded. */
import { endOf, nearestOrder, OrderedRun, type Outcome } from '../../replay/index.js';
import { type ExploredCase, type FoundRun, isBadFor } from './explore-case.js';
import type { Case } from './read-case.js';

/**
 * The run that ended well which the recording is made of: the nearest to one that ended badly, or, in
 * a case in which nothing is bad, to one with another end. One in which no operation failed counts
 * more, since a write to what is not there leaves no event.
 */
export function passingRun(
  one: Case,
  { world, runs, badRun, goodRun }: ExploredCase,
): FoundRun | null {
  if (goodRun === null) return null;
  const ends = JSON.stringify(goodRun.outcome.drivers);
  const isOther = (outcome: Outcome) =>
    badRun === null ? JSON.stringify(outcome.drivers) !== ends : isBadFor(one, outcome);
  const other = runs.find(({ outcome }) => isOther(outcome));
  if (other === undefined) return goodRun;
  const run = new OrderedRun(world, other.schedule);
  const nearest = (isBad: (outcome: Outcome) => boolean): FoundRun | null => {
    const found = nearestOrder(run, { states: STATES, isBad });
    if (found === null) return null;
    const { schedule } = found;
    return { outcome: endOf(world, schedule), schedule };
  };
  const fails = (outcome: Outcome) =>
    isOther(outcome) || Object.values(outcome.errors).some((errors) => errors.length > 0);
  return nearest(fails) ?? nearest(isOther) ?? goodRun;
}

const STATES = 200_000;
