/**
 * Why a run ended as it did: the least that would have to come in another order for a wanted end,
 * the step after which no order leads there, and whether the known right way makes the end certain.
 */
import { boot, type OperationSpec, type Outcome, World } from '../kernel/index.js';
import { actionText } from './action-text.js';
import { searchStates } from './depth-first.js';
import { exploreOrders } from './explore-orders.js';
import { fixesOf } from './fixes.js';
import { type Inversion, nearestOrder, type SearchOptions } from './least-inversion.js';
import { OrderedRun, type RunStep } from './ordered-run.js';
import { ADVICE, classOfEnd, classOfPair, type RaceClass } from './race-classes.js';
import { endOf } from './witness.js';

/** An operation at one of its steps. */
export interface ExplainedStep {
  /** Event of the recording of this order; null if the step made none. */
  readonly seq: number | null;
  readonly actor: string;
  /** The operation, and the procedure of the kernel that it is in. */
  readonly what: string;
  /** Number of the operation of the actor from 1; null for a worker of the kernel. */
  readonly operation: number | null;
  /** Place in the order of all steps, from 0. */
  readonly step: number;
}

export interface Explanation {
  /** How the given order ends, and the nearest one that is wanted. */
  readonly bad: Outcome;
  readonly wanted: Outcome;
  /** What came first and should come second. */
  readonly inversions: readonly { readonly first: ExplainedStep; readonly second: ExplainedStep }[];
  /** No order with fewer inversions has a wanted end. */
  readonly isLeast: boolean;
  /** After this step no order leads to a wanted end. */
  readonly lost: ExplainedStep;
  readonly class: RaceClass;
  /** What is to be done: what was tried in the run; if nothing could be, the way of the class. */
  readonly advice: string;
  /** With it, every order has a wanted end: that is proven; null if it could not be tried. */
  readonly fixCloses: boolean | null;
  /** The thread of each step of the nearest order. */
  readonly schedule: readonly number[];
}

/**
 * @param options with `isBad` for ends that are not wanted
 * @returns null when no order that was found has a wanted end
 */
export function explainRun(
  world: World,
  schedule: readonly number[],
  options: SearchOptions,
): Explanation | null {
  const run = new OrderedRun(world, schedule);
  const nearest = nearestOrder(run, options);
  if (nearest === null || nearest.inversions.length === 0) return null;
  const { inversions, isLeast } = nearest;
  const bad = endOf(world, schedule);
  const raceClass = classOf(run, inversions[0], bad);
  return {
    bad,
    wanted: endOf(world, nearest.schedule),
    inversions: inversions.map(({ first, second }) => ({
      first: described(world, first),
      second: described(world, second),
    })),
    isLeast,
    lost: described(world, lostAt(run, options)),
    class: raceClass,
    ...triedAdvice(world, raceClass, inversions[0], options),
    schedule: nearest.schedule,
  };
}

function classOf(run: OrderedRun, { first, second }: Inversion, bad: Outcome): RaceClass {
  const [before, after] = [first, second].map((step) => specOf(run.world, step)?.action ?? null);
  const ofEnd = classOfEnd(bad, [before, after]);
  if (ofEnd !== null) return ofEnd;
  const goesOn = run.steps.some(
    ({ at, thread, operation }) =>
      at > second.at && thread === first.thread && operation === first.operation,
  );
  return classOfPair(before, after, goesOn && first.writes.size === 0);
}

/** The operation that a step is a part of; null for a worker of the kernel. */
const specOf = (world: World, { thread, operation }: RunStep): OperationSpec | null =>
  operation === null ? null : (world.operations[thread][operation]?.spec ?? null);

function described(world: World, step: RunStep): ExplainedStep {
  const { seq, actor, operation, calls, at } = step;
  const within = calls[0] === 'user' || calls[0] === undefined ? '' : ` (${calls[0]})`;
  const spec = specOf(world, step);
  const what = spec === null ? (calls.at(-1) ?? 'nothing') : actionText(spec.action);
  return {
    seq,
    actor,
    what: `${what}${within}`,
    operation: operation === null ? null : operation + 1,
    step: at,
  };
}

/** The first step after which no order leads to a wanted end. None does later: it is halved. */
function lostAt(run: OrderedRun, options: SearchOptions): RunStep {
  let [from, to] = [0, run.steps.length];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (leadsOn(run, middle, options)) from = middle;
    else to = middle;
  }
  return run.steps[to - 1];
}

function leadsOn(run: OrderedRun, steps: number, options: SearchOptions): boolean {
  const k = boot(run.world, null, options.watches);
  for (const thread of run.schedule.slice(0, steps)) k.step(thread);
  k.cells.forgetUndo();
  const { states } = options;
  const limits = { states, exact: false, preemptions: null, judgement: options, untilGood: true };
  const { ends, closed } = searchStates(k, limits);
  return !closed || ends.some(({ isBad }) => !isBad);
}

function triedAdvice(
  world: World,
  raceClass: RaceClass,
  { first, second }: Inversion,
  options: SearchOptions,
): Pick<Explanation, 'advice' | 'fixCloses'> {
  const fixes = fixesOf(world.spec, raceClass, { first, second });
  for (const { advice, run } of fixes) {
    const found = exploreOrders(new World(run), {
      ...options,
      exact: false,
      reduce: 'ifNeeded',
      samples: 0,
    });
    if (found.closed && found.outcomes.every(({ isBad }) => !isBad)) {
      return { advice, fixCloses: true };
    }
  }
  const [tried] = fixes;
  if (tried === undefined) return { advice: ADVICE[raceClass], fixCloses: null };
  return { advice: tried.advice, fixCloses: false };
}
