/**
 * All orders in which the steps of a run can be done, and how they end. First every state is
 * searched, then the states that persistent sets leave, then those within few preemptions; the rest
 * is left to chance. The result says what was covered.
 */
import { boot, type Watch, type World } from '../kernel/index.js';
import { countOrders } from './count-orders.js';
import { type SearchLimits, type Space, searchStates } from './depth-first.js';
import { exploreApart } from './explore-apart.js';
import { withFewerChanges } from './fewer-changes.js';
import { type FoundOutcome, type Judgement, OutcomeSet } from './outcome-set.js';
import { PersistentSets } from './persistent-sets.js';
import { type Begin, samplesOf } from './samples.js';
import { shortSchedules } from './short-schedules.js';

export interface ExploreOptions extends Judgement {
  /** States that one search enters at most. */
  readonly states: number;
  /** States are compared by their cells, not by 64 bits of hash. */
  readonly exact: boolean;
  /** Persistent sets: if needed, from the start, or not at all. */
  readonly reduce: 'ifNeeded' | 'always' | 'never';
  /** Runs by chance, when the space does not close. */
  readonly samples: number;
  /**
   * What `isBad` looks at: drivers, deadlock and faults of the whole outcome, or whether those of
   * one component are bad. Only then are components searched apart; left out: it may look at all.
   */
  readonly judges?: 'outcome' | 'component';
  /** What the kernel has to look for after each step, for `isBad`. */
  readonly watches?: readonly Watch[];
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
  /** Components that were searched apart; 1: the run was searched as a whole. */
  readonly components: number;
  /** States and steps of the search that counts: the one that closed, or the first. */
  readonly states: number;
  readonly edges: number;
  /** Orders of steps; null if they were not counted, and if some have no end. */
  readonly orders: bigint | null;
  readonly outcomes: readonly FoundOutcome[];
}

export function exploreOrders(world: World, options: ExploreOptions): Exploration {
  const { reduce } = options;
  const apart = reduce === 'always' ? null : searchApart(world, options);
  if (apart !== null) return { closed: true, coverage: { type: 'all' }, ...apart };
  const all = reduce === 'always' ? null : searchAll(world, options);
  if (all?.closed === true) return found(all, { type: 'all' }, options);
  const reduced = reduce === 'never' ? null : searchReduced(world, options);
  if (reduced?.closed === true)
    return tidy(found(reduced, { type: 'reduced' }, options), world, options);
  const tried = [all, reduced].filter((one) => one !== null);
  return tidy(beyond(world, tried, options), world, options);
}

/** Orders that were left out may need fewer changes between threads. */
const tidy = (one: Exploration, world: World, options: ExploreOptions): Exploration => ({
  ...one,
  outcomes: one.outcomes.map((outcome) => ({
    ...outcome,
    schedule: withFewerChanges(beginOf(world, options), outcome.schedule),
  })),
});

const beginOf =
  (world: World, { watches }: ExploreOptions): Begin =>
  () =>
    boot(world, null, watches);

const limitsOf = (options: ExploreOptions, preemptions: number | null = null): SearchLimits => ({
  states: options.states,
  exact: options.exact,
  judgement: options,
  preemptions,
});

const searchAll = (world: World, options: ExploreOptions): Space =>
  searchStates(beginOf(world, options)(), limitsOf(options));

function searchApart(world: World, options: ExploreOptions): ReturnType<typeof exploreApart> {
  if (options.judges === undefined || world.actors.length < 2) return null;
  return exploreApart(beginOf(world, options)(), limitsOf(options), options.judges);
}

/** Searches until no thread was seen to do more than was known of it before. */
function searchReduced(world: World, options: ExploreOptions): Space {
  const k = beginOf(world, options)();
  const sets = new PersistentSets(k);
  for (;;) {
    sets.hasGrown = false;
    const space = searchStates(k, limitsOf(options), (kernel, ready) => sets.choose(kernel, ready));
    // A cycle could put off a thread forever.
    if (space.cyclic) return { ...space, closed: false };
    if (!sets.hasGrown || !space.closed) return space;
  }
}

/** The result of a search that has found all outcomes. */
function found(space: Space, coverage: Coverage, options: ExploreOptions): Exploration {
  const set = new OutcomeSet(options.byErrors);
  const counted = coverage.type === 'all' && !space.cyclic;
  addEnds(set, space, counted ? countOrders(space) : () => null);
  const outcomes = set.list();
  const orders = counted ? outcomes.reduce((sum, one) => sum + (one.orders ?? 0n), 0n) : null;
  const { states, graph } = space;
  const { edges } = graph;
  return { closed: true, coverage, components: 1, states, edges, orders, outcomes };
}

function addEnds(set: OutcomeSet, space: Space, orders: (state: number) => bigint | null): void {
  const schedules = shortSchedules(space);
  for (const end of space.ends) {
    const { state } = end;
    const way = { changes: schedules.changes(state), schedule: () => schedules.to(state) };
    set.add(end, orders(state), way);
  }
}

/** Bounds and chance, for a space that did not close. */
function beyond(world: World, tried: readonly Space[], options: ExploreOptions): Exploration {
  const { samples } = options;
  const set = new OutcomeSet(options.byErrors);
  const begin = beginOf(world, options);
  for (const space of tried) addEnds(set, space, () => null);
  let preemptions: number | null = null;
  for (let [bound, before] = [0, -1]; ; bound++) {
    const space = searchStates(begin(), limitsOf(options, bound));
    addEnds(set, space, () => null);
    // A bound that leads no further than the one before leaves nothing out.
    if (!space.closed || space.states === before) break;
    preemptions = bound;
    before = space.states;
  }
  // Whatever the search has found is shorter.
  const way = (schedule: readonly number[]) => ({ changes: Infinity, schedule: () => schedule });
  for (const { schedule, ...end } of samplesOf(begin, samples, options)) {
    set.add(end, null, way(schedule));
  }
  const coverage = { type: 'bounded', preemptions, samples } as const;
  const [first] = tried;
  const outcomes = set.list();
  const edges = first.graph.edges;
  const { states } = first;
  return { closed: false, coverage, components: 1, states, edges, orders: null, outcomes };
}
