/**
 * The order nearest to another one that has a wanted end. A step costs as many operations as it
 * overtakes that have steps in conflict with it; the least sum is a shortest path in the graph of
 * states, since no state leads back to itself.
 */
import { assert } from '../../traces/index.js';
import { boot, type Kernel, type Watch } from '../kernel/index.js';
import { ROOT, type SearchLimits, type Space, searchStates } from './depth-first.js';
import { conflictOf, type OrderedRun, type RunStep } from './ordered-run.js';
import type { Judgement } from './outcome-set.js';
import { PersistentSets } from './persistent-sets.js';

/** Two steps in conflict, in the given order: in the nearest one they come the other way round. */
export interface Inversion {
  readonly first: RunStep;
  readonly second: RunStep;
}

export interface NearestOrder {
  /** The thread of each step. */
  readonly schedule: readonly number[];
  /** One for each pair of operations; the operation that moved most is in the first ones. */
  readonly inversions: readonly Inversion[];
  /** Operations that are overtaken, those in conflict by locks alone not counted. */
  readonly cost: number;
  /** No order is nearer: every one was looked at, or one that has the same conflicts. */
  readonly isLeast: boolean;
}

export interface SearchOptions extends Judgement {
  readonly states: number;
  readonly watches?: readonly Watch[];
}

/** A lock alone decides less than what it protects. */
const DATA = 4096;

/** @returns null when no order that was looked at has an end that is not bad */
export function nearestOrder(run: OrderedRun, options: SearchOptions): NearestOrder | null {
  const { space, done, costs } = searched(run, options);
  const { byThread } = run;
  const threads = byThread.length;
  const least = new Float64Array(space.states).fill(Number.POSITIVE_INFINITY);
  const before = new Int32Array(space.states);
  const by = new Int32Array(space.states).fill(-1);
  least[ROOT] = 0;
  space.graph.walk((from, to, thread) => {
    // A change of the thread breaks ties.
    const change = by[from] === thread ? 0 : CHANGE;
    const cost = least[from] + costs.of(from, thread, done.subarray(from * threads)) + change;
    if (cost >= least[to]) return;
    least[to] = cost;
    before[to] = from;
    by[to] = thread;
  });
  const good = space.ends.filter(({ isBad, state }) => !isBad && least[state] < Infinity);
  if (good.length === 0) return null;
  const end = good.reduce((a, b) => (least[b.state] < least[a.state] ? b : a)).state;
  const schedule: number[] = [];
  const inversions: Inversion[] = [];
  for (let state = end; state !== ROOT; state = before[state]) {
    const from = before[state];
    schedule.push(by[state]);
    inversions.push(...costs.inversions(from, by[state], done.subarray(from * threads)));
  }
  return {
    schedule: schedule.reverse(),
    inversions: onePerPair(inversions.reverse()),
    cost: Math.floor(least[end] / DATA),
    isLeast: space.closed && !space.cyclic,
  };
}

const CHANGE = 2 ** -20;

interface Searched {
  readonly space: Space;
  /** By state and thread: how many steps of the given order the thread has done. */
  readonly done: Int32Array;
  readonly costs: Costs;
}

/** All states; if there are too many, those that persistent sets leave. */
function searched(run: OrderedRun, options: SearchOptions): Searched {
  const all = searchOnce(run, options, null);
  if (all.space.closed) return all;
  const sets = new PersistentSets(boot(run.world, null, options.watches));
  for (;;) {
    sets.hasGrown = false;
    const reduced = searchOnce(run, options, sets);
    if (!reduced.space.closed) return all;
    if (!sets.hasGrown) return reduced;
  }
}

function searchOnce(
  run: OrderedRun,
  options: SearchOptions,
  sets: PersistentSets | null,
): Searched {
  const { states, watches } = options;
  const done: number[] = [];
  const costs = new Costs(run);
  const limits: SearchLimits = {
    states,
    exact: false,
    preemptions: null,
    judgement: options,
    visit: (state, k) => {
      assert(done.length === state * run.byThread.length, 'states are entered in their order');
      for (let thread = 0; thread < k.threads; thread++) done.push(run.doneBy(k, thread));
      costs.noteStrays(state, k, done);
    },
  };
  const k = boot(run.world, null, watches);
  const space =
    sets === null
      ? searchStates(k, limits)
      : searchStates(k, limits, (kernel, ready) => sets.choose(kernel, ready));
  return { space, done: Int32Array.from(done), costs };
}

/** What a step of a thread overtakes, in the states of one search. */
class Costs {
  /** For each step of the given order, the earlier ones of other threads in conflict with it. */
  readonly #earlier = new WeakMap<RunStep, readonly Overtaken[]>();
  /** What steps overtake that the given order does not have, by state and thread. */
  readonly #strays = new Map<number, Stray>();
  /** Places of steps among those of their thread. */
  readonly #index = new Map<RunStep, number>();

  constructor(private readonly run: OrderedRun) {
    for (const steps of run.byThread) {
      for (const [i, step] of steps.entries()) this.#index.set(step, i);
    }
  }

  /** @param done of all states so far: those of this one come last */
  noteStrays(state: number, k: Kernel, done: readonly number[]): void {
    const { threads } = k;
    for (let thread = 0; thread < threads; thread++) {
      if (done[state * threads + thread] >= 0 || !k.canRun(thread)) continue;
      const step = this.run.strayStep(k, thread);
      const overtaken = this.#earlierThan(step).filter((one) => isLeft(one, done, state * threads));
      if (overtaken.length > 0) this.#strays.set(state * threads + thread, { step, overtaken });
    }
  }

  /** What the next step of a thread costs in a state. */
  of(state: number, thread: number, done: Int32Array): number {
    const found = this.#overtaken(state, thread, done);
    if (found.overtaken.length === 0) return 0;
    const seen = new Set<string>();
    let cost = 0;
    for (const { step, conflict } of found.overtaken) {
      const key = `${step.thread} ${step.operation} ${conflict}`;
      if (seen.has(key)) continue;
      seen.add(key);
      cost += conflict === 'data' ? DATA : 1;
    }
    return cost;
  }

  inversions(state: number, thread: number, done: Int32Array): Inversion[] {
    const { step: second, overtaken } = this.#overtaken(state, thread, done);
    return second === null ? [] : overtaken.map(({ step }) => ({ first: step, second }));
  }

  #overtaken(state: number, thread: number, done: Int32Array): Stray | typeof NOTHING {
    const count = done[thread];
    if (count < 0) return this.#strays.get(state * this.run.byThread.length + thread) ?? NOTHING;
    const step = this.run.byThread[thread][count] ?? this.run.pending.get(thread);
    if (step === undefined) return NOTHING;
    return { step, overtaken: this.#earlierThan(step).filter((one) => isLeft(one, done, 0)) };
  }

  #earlierThan(second: RunStep): readonly Overtaken[] {
    const known = this.#earlier.get(second);
    if (known !== undefined) return known;
    const found: Overtaken[] = [];
    for (const step of this.run.steps) {
      if (step.at >= second.at) break;
      const conflict = step.thread === second.thread ? null : conflictOf(step, second);
      if (conflict !== null) found.push({ step, conflict, index: this.#index.get(step)! });
    }
    this.#earlier.set(second, found);
    return found;
  }
}

/** A step, and what it overtakes. */
interface Stray {
  readonly step: RunStep;
  readonly overtaken: readonly Overtaken[];
}

const NOTHING = { step: null, overtaken: [] } as const;

/** Whether a step of the given order is still to come. @param from where the counts begin */
function isLeft({ step, index }: Overtaken, done: ArrayLike<number>, from: number): boolean {
  const count = done[from + step.thread];
  return index >= (count < 0 ? -1 - count : count);
}

interface Overtaken {
  readonly step: RunStep;
  readonly conflict: 'data' | 'lock';
  /** Place of the step among those of its thread. */
  readonly index: number;
}

/**
 * For each two operations the pair that shows most: one that conflicts in what a lock protects, and
 * of these the first. Pairs about locks alone are left out when others decide.
 */
function onePerPair(all: readonly Inversion[]): Inversion[] {
  const isData = ({ first, second }: Inversion) => conflictOf(first, second) === 'data';
  const deciding = all.some(isData) ? all.filter(isData) : all;
  const pairs = new Map<string, Inversion>();
  for (const pair of deciding) {
    const { first, second } = pair;
    const key = [first, second].map((s) => `${s.thread} ${s.operation}`).join();
    const known = pairs.get(key);
    if (known === undefined || first.at < known.first.at) pairs.set(key, pair);
  }
  return [...pairs.values()];
}
