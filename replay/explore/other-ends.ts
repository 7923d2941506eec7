/**
 * Ends that a run does not have, but would have in another order, and the nearest order to each.
 */
import { type Outcome, type RunSpec, World } from '../kernel/index.js';
import { type EnteredProbe, enteredProbes } from './entered-probes.js';
import { exploreOrders } from './explore-orders.js';
import { nearestOrder } from './least-inversion.js';
import { OrderedRun } from './ordered-run.js';
import { classOfEnd, classOfPair, type RaceClass } from './race-classes.js';
import { endOf, type WitnessStep, witnessOf } from './witness.js';

/** An order of all steps of a run. */
export interface WholeOrder {
  readonly spec: RunSpec;
  /** The thread of each step. */
  readonly schedule: readonly number[];
}

/** An operation, by the numbers of its actor and of itself, from 0. */
export interface OperationAt {
  readonly actor: number;
  readonly operation: number;
}

export interface OtherEnd {
  /** The function that ends with another driver; null for a deadlock or a bug of the kernel. */
  readonly device: string | null;
  readonly recorded: Outcome;
  readonly other: Outcome;
  /** In the given order the first comes first, in the nearest other one the second does. */
  readonly first: OperationAt;
  readonly second: OperationAt;
  readonly class: RaceClass;
  /** The thread of each step of the other order, and what it does. */
  readonly schedule: readonly number[];
  readonly witness: readonly WitnessStep[];
  /** Probe functions that were entered, in each of the orders. */
  readonly probes: Record<'recorded' | 'other', readonly EnteredProbe[]>;
}

export interface OtherEnds {
  /** Every order was covered. */
  readonly closed: boolean;
  readonly states: number;
  readonly ends: readonly OtherEnd[];
}

export interface OtherEndOptions {
  /** States that one search enters at most. */
  readonly states: number;
  /** Runs by chance, when the space does not close. */
  readonly samples: number;
}

/**
 * Orders in which an actor waits for good for what it saw in the given order do not count: it would
 * not have done what it did.
 */
export function otherEnds(order: WholeOrder, options: OtherEndOptions): OtherEnds {
  const world = new World(order.spec);
  const recorded = endOf(world, order.schedule);
  const differences = new Set<string>();
  const note = (outcome: Outcome): boolean => {
    for (const one of differencesOf(recorded, outcome)) differences.add(one);
    return false;
  };
  const found = exploreOrders(world, { ...options, exact: false, reduce: 'ifNeeded', isBad: note });
  const ends: OtherEnd[] = [];
  if (differences.size === 0) return { closed: found.closed, states: found.states, ends };
  const run = new OrderedRun(world, order.schedule);
  for (const difference of differences) {
    // The nearest order to one difference may have others, too.
    if (ends.some(({ other }) => differencesOf(recorded, other).includes(difference))) continue;
    const end = nearest(run, recorded, difference, options.states);
    if (end !== null) ends.push(end);
  }
  return { closed: found.closed, states: found.states, ends };
}

const DEADLOCK = 'a deadlock';

/** Functions with another driver, bugs that were hit, a deadlock; nothing for a run to ignore. */
function differencesOf(recorded: Outcome, other: Outcome): string[] {
  if (other.deadlock !== null) return recorded.deadlock === null ? [DEADLOCK] : [];
  if (Object.keys(other.notDone).some((actor) => !(actor in recorded.notDone))) return [];
  const addresses = new Set([...Object.keys(recorded.drivers), ...Object.keys(other.drivers)]);
  const moved = [...addresses].filter((one) => recorded.drivers[one] !== other.drivers[one]);
  const faults = other.faults.filter((fault) => !recorded.faults.includes(fault));
  return [...moved, ...faults];
}

function nearest(
  run: OrderedRun,
  recorded: Outcome,
  difference: string,
  states: number,
): OtherEnd | null {
  const isBad = (outcome: Outcome) => !differencesOf(recorded, outcome).includes(difference);
  const found = nearestOrder(run, { states, isBad });
  const pair = found?.inversions.find(({ first, second }) =>
    [first, second].every(({ operation }) => operation !== null),
  );
  if (found === null || pair === undefined) return null;
  const { world } = run;
  const { schedule } = found;
  const other = endOf(world, schedule);
  const [first, second] = [pair.first, pair.second].map(
    ({ thread, operation }): OperationAt => ({ actor: thread, operation: operation! }),
  );
  const actionOf = ({ actor, operation }: OperationAt) =>
    world.spec.actors[actor].operations[operation].action;
  const pairClass = classOfPair(actionOf(second), actionOf(first), false);
  return {
    device: difference in other.drivers || difference in recorded.drivers ? difference : null,
    recorded,
    other,
    first,
    second,
    class: classOfEnd(other, [actionOf(first), actionOf(second)]) ?? pairClass,
    schedule,
    witness: witnessOf(world, schedule),
    probes: {
      recorded: enteredProbes(world, run.schedule),
      other: enteredProbes(world, schedule),
    },
  };
}
