/**
 * Orders of a run whose threads fall into components: each is searched once, and the ends of the
 * whole run are the combinations of their ends.
 */
import { type Kernel, outcomeOf } from '../kernel/index.js';
import { DEVICE_CELLS } from '../kernel/layout.js';
import { type Component, componentsOf } from './components.js';
import {
  addOrders,
  countByLength,
  type Mix,
  mixing,
  type OrdersByLength,
  sumOf,
} from './count-orders.js';
import type { End, SearchLimits, Space } from './depth-first.js';
import {
  type Ending,
  endingOf,
  type FoundOutcome,
  type Judgement,
  OutcomeSet,
} from './outcome-set.js';
import { shortSchedules } from './short-schedules.js';

/** More combinations than these are not listed: the ends of each component are. */
const COMBINATIONS_MAX = 64;

export interface ApartExploration {
  readonly components: number;
  readonly states: number;
  readonly edges: number;
  readonly orders: bigint | null;
  readonly outcomes: readonly FoundOutcome[];
}

/** An outcome of one component. */
interface Part extends Ending {
  /** Sets of errors that its operations have. */
  readonly patterns: number;
  readonly orders: OrdersByLength;
  readonly schedule: readonly number[];
}

/**
 * @param k the kernel at the beginning; it is there again at the end
 * @returns null when the run cannot be searched so
 */
export function exploreApart(
  k: Kernel,
  limits: SearchLimits,
  judges: 'outcome' | 'component',
): ApartExploration | null {
  const { judgement } = limits;
  if (k.watches.length > 0 || judgement.markOf !== undefined || judgement.byErrors) return null;
  const components = componentsOf(k, limits);
  if (components === null) return null;
  const parts = components.map(({ space }) => partsOf(space));
  const isCounted = components.every(({ space }) => !space.cyclic);
  const combinations = parts.reduce((product, { length }) => product * length, 1);
  if (combinations > COMBINATIONS_MAX && judges === 'outcome') return null;
  const mix = mixing();
  const outcomes =
    combinations > COMBINATIONS_MAX
      ? outcomesByComponent(k, components, parts, mix)
      : combinedOutcomes(k, parts, mix, judgement);
  const totals = parts.map((some) => totalOf(some));
  return {
    components: components.length,
    states: components.reduce((sum, { space }) => sum + space.states, 0),
    edges: components.reduce((sum, { space }) => sum + space.graph.edges, 0),
    orders: isCounted ? sumOf(totals.reduce(mix)) : null,
    outcomes: isCounted ? outcomes : outcomes.map((one) => ({ ...one, orders: null })),
  };
}

/**
 * The outcomes of one component. Which cycle describes the deadlock of several components depends
 * on all blocked threads, so that ends that differ in these are kept apart.
 */
function partsOf(space: Space): Part[] {
  const schedules = shortSchedules(space);
  const orders = space.cyclic ? () => new Map([[0, 1n]]) : countByLength(space);
  const kept = new Map<string, { end: End; orders: Map<number, bigint>; errors: Set<string> }>();
  for (const end of space.ends) {
    const { drivers, faults, deadlock, errors } = end.outcome;
    const key = JSON.stringify([drivers, faults, deadlock?.blocked, end.isBad]);
    const part = kept.get(key) ?? { end, orders: new Map<number, bigint>(), errors: new Set() };
    part.errors.add(JSON.stringify(errors));
    for (const [steps, n] of orders(end.state)) addOrders(part.orders, steps, n);
    const isShorter = schedules.changes(end.state) < schedules.changes(part.end.state);
    kept.set(key, isShorter ? { ...part, end } : part);
  }
  return [...kept.values()].map(({ end: { state, ...ending }, orders: counted, errors }) => ({
    ...ending,
    orders: counted,
    patterns: errors.size,
    schedule: schedules.to(state),
  }));
}

function totalOf(parts: readonly Part[]): OrdersByLength {
  const total = new Map<number, bigint>();
  for (const { orders } of parts) for (const [steps, n] of orders) addOrders(total, steps, n);
  return total;
}

/** Every combination, each with the end of a run that does one component after the other. */
function combinedOutcomes(
  k: Kernel,
  parts: readonly (readonly Part[])[],
  mix: Mix,
  judgement: Judgement,
): FoundOutcome[] {
  const set = new OutcomeSet();
  const combinations = parts.reduce<Part[][]>(
    (before, some) => before.flatMap((chosen) => some.map((part) => [...chosen, part])),
    [[]],
  );
  for (const [i, chosen] of combinations.entries()) {
    const schedule = chosen.flatMap((part) => part.schedule);
    const { moment } = k.cells;
    for (const thread of schedule) k.step(thread);
    const ending = endingOf(k, outcomeOf(k, schedule.length), judgement);
    k.cells.undo(moment);
    const orders = sumOf(chosen.map((part) => part.orders).reduce(mix));
    const patterns = chosen.reduce((product, part) => product * part.patterns, 1);
    set.add(ending, orders, { changes: i, schedule: () => schedule }, patterns);
  }
  return set.list();
}

/** The outcomes of each component, with the functions that it works on. */
function outcomesByComponent(
  k: Kernel,
  components: readonly Component[],
  parts: readonly (readonly Part[])[],
  mix: Mix,
): FoundOutcome[] {
  const totals = parts.map((some) => totalOf(some));
  const before = outcomeOf(k, 0).drivers;
  return components.flatMap((component, i) => {
    const others = totals.filter((_, j) => j !== i).reduce(mix);
    const rest = parts.flatMap((some, j) => (j === i ? [] : some[0].schedule));
    const names = functionsOf(k, component, parts[i], before);
    const set = new OutcomeSet();
    for (const [n, { outcome, isBad, orders, patterns, schedule }] of parts[i].entries()) {
      const drivers = Object.fromEntries(
        Object.entries(outcome.drivers).filter(([address]) => names.has(address)),
      );
      const whole = [...schedule, ...rest];
      const way = { changes: n, schedule: () => whole };
      set.add(
        { outcome: { ...outcome, drivers }, isBad, mark: '' },
        sumOf(mix(orders, others)),
        way,
        patterns,
      );
    }
    return set.list().map((one) => ({ ...one, component: i + 1 }));
  });
}

type Drivers = Ending['outcome']['drivers'];

/** Functions whose cells a component writes, and those that it adds, binds or removes. */
function functionsOf(
  k: Kernel,
  { writes }: Component,
  parts: readonly Part[],
  before: Drivers,
): ReadonlySet<string> {
  const names = k.world.places.filter((place) => {
    const { address } = place;
    const dev = k.findDevice(place);
    if (dev !== 0 && writes(dev, DEVICE_CELLS)) return true;
    return parts.some(({ outcome: { drivers } }) => drivers[address] !== before[address]);
  });
  return new Set(names.map(({ address }) => address));
}
