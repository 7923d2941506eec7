/** Which run of a case that ended well is recorded. */
import { endOf, nearestOrder, OrderedRun, type Outcome } from '../../replay/index.js';
import { type ExploredCase, type FoundRun, isBadFor } from './explore-case.js';
import type { Case } from './read-case.js';

/**
 * The run that ended well which the recording is made of: the nearest to one that ended badly. One in
 * which no operation failed counts more, since a write to what is not there leaves no event.
 */
export function passingRun(one: Case, { world, badRun, goodRun }: ExploredCase): FoundRun | null {
  if (badRun === null || goodRun === null) return goodRun;
  const run = new OrderedRun(world, badRun.schedule);
  const nearest = (isBad: (outcome: Outcome) => boolean): FoundRun | null => {
    const found = nearestOrder(run, { states: STATES, isBad });
    if (found === null) return null;
    const { schedule } = found;
    return { outcome: endOf(world, schedule), schedule };
  };
  const isBadRun = (outcome: Outcome) => isBadFor(one, outcome);
  const fails = (outcome: Outcome) =>
    isBadRun(outcome) || Object.values(outcome.errors).some((errors) => errors.length > 0);
  return nearest(fails) ?? nearest(isBadRun) ?? goodRun;
}

const STATES = 200_000;
