/** What exploring a scenario of a case finds, held against what the case says. */
import {
  exploreOrders,
  kindOf,
  type Outcome,
  type ScenarioDocument,
  specOf,
  World,
} from '../../replay/index.js';
import type { Case } from './read-case.js';

const STATES = 200_000;
const SAMPLES = 2000;

type Outcomes = ScenarioDocument['outcomes'];

/** One run that ends in an outcome, by the thread of each step. */
export interface FoundRun {
  readonly outcome: Outcome;
  readonly schedule: readonly number[];
}

export interface ExploredCase {
  readonly world: World;
  readonly closed: boolean;
  readonly states: number;
  /** What differs from the outcomes that the scenario names. */
  readonly differences: readonly string[];
  /** Numbers of the named outcomes that were found to be bad. */
  readonly bad: ReadonlySet<number>;
  /** Named outcomes that were found and are not bad. */
  readonly good: ReadonlySet<number>;
  /** One run for each outcome. */
  readonly runs: readonly FoundRun[];
  readonly badRun: FoundRun | null;
  readonly goodRun: FoundRun | null;
}

/** Whether an outcome is bad: the case says which are, or else bugs and deadlocks. */
export const isBadFor = (one: Pick<Case, 'bad'>, outcome: Outcome): boolean =>
  one.bad === undefined
    ? outcome.deadlock !== null || outcome.faults.length > 0
    : kindOf(outcome, one.bad) >= 0;

export function exploreCase(one: Pick<Case, 'bad'>, document: ScenarioDocument): ExploredCase {
  const world = new World(specOf(document));
  const bad = new Set<number>();
  const good = new Set<number>();
  const unnamed = new Set<string>();
  // Every end is shown here, also those that differ from others only by the errors of actors.
  const isBad = (outcome: Outcome): boolean => {
    const isBadEnd = isBadFor(one, outcome);
    const kind = kindOf(outcome, document.outcomes);
    if (kind < 0) unnamed.add(textOf(outcome));
    else (isBadEnd ? bad : good).add(kind);
    return isBadEnd;
  };
  const options = { states: STATES, exact: false, samples: SAMPLES, isBad } as const;
  const found = exploreOrders(world, { ...options, reduce: 'ifNeeded' });
  const runOf = (isWanted: boolean): FoundRun | null =>
    found.outcomes.find((outcome) => outcome.isBad === isWanted) ?? null;
  const { closed, states } = found;
  const reached = new Set([...bad, ...good]);
  const differences = [
    ...(closed ? [] : ['the space did not close']),
    ...[...unnamed].map((text) => `an outcome that is not named: ${text}`),
    ...notReached(document.outcomes, reached),
  ];
  const runs = { runs: found.outcomes, badRun: runOf(true), goodRun: runOf(false) };
  return { world, closed, states, differences, bad, good, ...runs };
}

const notReached = (outcomes: Outcomes, reached: ReadonlySet<number>): string[] =>
  outcomes.flatMap((outcome, i) =>
    reached.has(i) ? [] : [`an outcome that does not come: ${JSON.stringify(outcome)}`],
  );

const textOf = ({ drivers, errors, deadlock, faults }: Outcome): string =>
  JSON.stringify({ drivers, errors, deadlock: deadlock !== null, faults });
