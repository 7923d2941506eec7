/**
 * All orders in which the steps of a run can be done, and how they end. First every state is
 * searched, then the states that persistent sets leave, then those within few preemptions; the rest
 * is left to chance. The result says what was covered.
 */
import { boot, type World } from '../kernel/index.js';
import { countOrders } from './count-orders.js';
import { type Space, searchStates } from './depth-first.js';
import { type FoundOutcome, type IsBad, OutcomeSet } from './outcome-set.js';
import { PersistentSets } from './persistent-sets.js';
import { samplesOf } from './samples.js';
import { shortSchedules } from './short-schedules.js';

export interface ExploreOptions {
  /** States that one search enters at most. */
  readonly states: number;
  /** States are compared by their cells, not by 64 bits of hash. */
  readonly exact: boolean;
  /** Persistent sets: if needed, from the start, or not at all. */
  readonly reduce: 'ifNeeded' | 'always' | 'never';
  /** Runs by chance, when the space does not close. */
  readonly samples: number;
  readonly isBad: IsBad;
}

/** What the outcomes cover. */
export type Coverage =
  /** Every state was entered: there are no other outcomes. */
  | { readonly type: 'all' }
  /** Every order has the same end as one that was tried: there are no other outcomes. */
  | { readonly type: 'reduced' }
  /** Orders with at most this many preemptions (null: not even all without any), and samples. */
  | { readonly type: 'bounded'; readonly preemptions: number | null; readonly samples: number };

export interface Exploration {
  /** There are no other outcomes. */
  readonly closed: boolean;
  readonly coverage: Coverage;
  /** States and steps of the search that counts: the one that closed, or the first. */
  readonly states: number;
  readonly edges: number;
  /** Orders of steps; null if they were not counted, and if some have no end. */
  readonly orders: bigint | null;
  readonly outcomes: readonly FoundOutcome[];
}

export function exploreOrders(world: World, options: ExploreOptions): Exploration {
  const { reduce } = options;
  const all = reduce === 'always' ? null : searchAll(world, options);
  if (all?.closed === true) return found(all, { type: 'all' }, options);
  const reduced = reduce === 'never' ? null : searchReduced(world, options);
  if (reduced?.closed === true) return found(reduced, { type: 'reduced' }, options);
  return beyond(
    world,
    [all, reduced].filter((one) => one !== null),
    options,
  );
}

const searchAll = (world: World, { states, exact }: ExploreOptions): Space =>
  searchStates(boot(world), { states, exact, preemptions: null });

/** Searches until no thread was seen to do more than was known of it before. */
function searchReduced(world: World, { states, exact }: ExploreOptions): Space {
  const k = boot(world);
  const sets = new PersistentSets(k);
  for (;;) {
    sets.hasGrown = false;
    const limits = { states, exact, preemptions: null };
    const space = searchStates(k, limits, (kernel, ready) => sets.choose(kernel, ready));
    // A cycle could put off a thread forever.
    if (space.cyclic) return { ...space, closed: false };
    if (!sets.hasGrown || !space.closed) return space;
  }
}

/** The result of a search that has found all outcomes. */
function found(space: Space, coverage: Coverage, { isBad }: ExploreOptions): Exploration {
  const set = new OutcomeSet(isBad);
  const counted = coverage.type === 'all' && !space.cyclic;
  addEnds(set, space, counted ? countOrders(space) : () => null);
  const outcomes = set.list();
  const orders = counted ? outcomes.reduce((sum, one) => sum + (one.orders ?? 0n), 0n) : null;
  const { states, graph } = space;
  return { closed: true, coverage, states, edges: graph.edges, orders, outcomes };
}

function addEnds(set: OutcomeSet, space: Space, orders: (state: number) => bigint | null): void {
  const schedules = shortSchedules(space);
  for (const { state, outcome } of space.ends) {
    const way = { changes: schedules.changes(state), schedule: () => schedules.to(state) };
    set.add(outcome, orders(state), way);
  }
}

/** Bounds and chance, for a space that did not close. */
function beyond(world: World, tried: readonly Space[], options: ExploreOptions): Exploration {
  const { states, exact, samples, isBad } = options;
  const set = new OutcomeSet(isBad);
  for (const space of tried) addEnds(set, space, () => null);
  let preemptions: number | null = null;
  for (let [bound, before] = [0, -1]; ; bound++) {
    const space = searchStates(boot(world), { states, exact, preemptions: bound });
    addEnds(set, space, () => null);
    // A bound that leads no further than the one before leaves nothing out.
    if (!space.closed || space.states === before) break;
    preemptions = bound;
    before = space.states;
  }
  // Whatever the search has found is shorter.
  const way = (schedule: readonly number[]) => ({ changes: Infinity, schedule: () => schedule });
  for (const { outcome, schedule } of samplesOf(world, samples)) {
    set.add(outcome, null, way(schedule));
  }
  const coverage = { type: 'bounded', preemptions, samples } as const;
  const [first] = tried;
  const outcomes = set.list();
  const edges = first.graph.edges;
  return { closed: false, coverage, states: first.states, edges, orders: null, outcomes };
}
