/**
 * Finds binding races: two operations by different actors that nothing orders, and whose other
 * order leads to another outcome. The recording need not have gone wrong.
 */
import {
  type Bdf,
  type Nanos,
  type NanosDelta,
  nanosBetween,
  type Seq,
} from '../../traces/index.js';
import { type Actor, describe, type Lifetime, type Operation } from './operation.js';
import { isSame, tell, tellRecorded } from './outcome.js';
import { ADVICE, classify, type RaceClass } from './race-class.js';
import {
  driversAfterEach,
  type Outcome,
  type Part,
  partsOf,
  simulate,
  type World,
} from './simulate.js';

export interface RaceSide {
  readonly seq: Seq;
  readonly ts: Nanos;
  readonly actor: Actor;
  readonly what: string;
}

/** Two operations of which the order may decide. */
export interface Pair {
  readonly device: Bdf;
  readonly class: RaceClass;
  /** The operation that took effect first; the second may have begun before it, and waited. */
  readonly first: RaceSide;
  readonly second: RaceSide;
  /** Between their begins, whichever came before, in nanoseconds. */
  readonly windowNs: NanosDelta;
}

export interface Race extends Pair {
  /** What happened, and what would have happened in the other order. */
  readonly outcome: string;
  readonly advice: string;
}

/** A pair that is a race or none, by something that is not in the recording. */
export interface UntoldRace extends Pair {
  /** What is not known. */
  readonly reason: string;
}

export interface Found {
  readonly races: readonly Race[];
  readonly untold: readonly UntoldRace[];
}

/** What a life may have been in: the flag of its PF may have been on or off. */
export type WorldOf = (lifetime: Lifetime, autoprobe: boolean) => World;

/**
 * The races in one device's life, at most one per class and pair of actors: the closest. What is a
 * race only if the PF's flag was on, or off, and nothing tells which it was, cannot be told.
 */
export function findRaces(lifetime: Lifetime, worldOf: WorldOf): Found {
  const flags = flagsOf(lifetime);
  const found = flags.map((flag) =>
    partsOf(lifetime, worldOf(lifetime, flag)).flatMap((part) => racesIn(part)),
  );
  const certain = found[0].filter((race) => found.every((races) => races.some(isPair(race))));
  const doubtful = found.flat().filter((race) => !certain.some(isPair(race)));
  const reason = `whether ${lifetime.physfn}’s sriov_drivers_autoprobe was on is not recorded`;
  const untold = closestOf(doubtful).map(
    ({ outcome: _, advice: __, ...pair }): UntoldRace => ({ ...pair, reason }),
  );
  return { races: closestOf(certain), untold };
}

function flagsOf({ physfn, seenOpen, gate }: Lifetime): readonly boolean[] {
  if (physfn === null || seenOpen) return [true];
  if (gate.value !== 'unknown' && gate.value.length === 1) return gate.value;
  return gate.open === gate.closed ? [true, false] : [gate.open];
}

const isPair = (a: Pair) => (b: Pair) =>
  a.first.seq === b.first.seq && a.second.seq === b.second.seq && a.class === b.class;

/** Of each class and pair of actors the one with the shortest time in between. */
function closestOf<T extends Pair>(pairs: readonly T[]): T[] {
  const closest = new Map<string, T>();
  for (const pair of pairs) {
    const key = `${pair.class} ${pair.first.actor.tid} ${pair.second.actor.tid}`;
    const known = closest.get(key);
    if (known === undefined || pair.windowNs < known.windowNs) closest.set(key, pair);
  }
  return [...closest.values()].sort((a, b) => a.second.seq - b.second.seq);
}

/**
 * Each operation is moved back over the others, one by one, as far as its own actor's last one. An
 * operation that it passes with a change of the outcome is the other side of a race; what it passes
 * without one has no part in it.
 */
function racesIn({ lifetime, world }: Part): Race[] {
  const { operations } = lifetime;
  const recorded = simulate(lifetime, operations, world);
  const order = new HappensBefore(lifetime, world);
  const found: Race[] = [];
  for (let j = 1; j < operations.length; j++) {
    let last = recorded;
    const from = Math.max(0, j - REACH);
    for (let i = j - 1; i >= from && !order.fixed(i, j); i--) {
      const other = simulate(lifetime, moved(operations, j, i), world);
      if (isSame(last, other, world)) continue;
      last = other;
      if (isSame(recorded, other, world)) continue;
      found.push(makeRace(lifetime, operations[i], operations[j], recorded, other, world));
    }
  }
  return found;
}

/** What is further back than so many operations has nothing to do with one. */
const REACH = 64;

/** The operations with number `from` moved to before number `to`. */
const moved = (operations: readonly Operation[], from: number, to: number) => [
  ...operations.slice(0, to),
  operations[from],
  ...operations.slice(to, from),
  ...operations.slice(from + 1),
];

const sameActor = (a: Operation, b: Operation) => a.actor.tid === b.actor.tid;

/** What comes before what whatever the actors do, so that its other order is not to be feared. */
class HappensBefore {
  readonly #operations: readonly Operation[];
  /** The driver that is bound after each operation, in the recorded order. */
  readonly #drivers: readonly (string | null)[];

  constructor(
    lifetime: Lifetime,
    private readonly world: World,
  ) {
    this.#operations = lifetime.operations;
    this.#drivers = driversAfterEach(lifetime, world);
  }

  /** True when operation `i` comes before the later `j` in every order. */
  fixed(i: number, j: number): boolean {
    const [first, second] = [this.#operations[i], this.#operations[j]];
    if (sameActor(first, second)) return true;
    if (second.action.type === 'release' || second.action.type === 'unbind') {
      if (i <= this.#boundAt(j, second.action.driver)) return true;
    }
    if (second.action.type === 'release') {
      return this.#longBefore(first, second, second.action.driver);
    }
    if (second.action.type === 'unbind') return false;
    // Who clears an override has seen it set, and waits for what the one who set it was about.
    if (isClear(second)) return first.actor.tid === this.#setterBefore(j)?.actor.tid;
    // An operation that asks for a driver is made by someone who has seen the device come; an
    // override is the one that can come between the device and its first probe.
    return first.action.type === 'initial' && second.action.type !== 'override';
  }

  /**
   * A driver gives a device up some time after it got it, and that time varies by so much: a write
   * that had returned earlier than that was not in its way.
   */
  #longBefore({ returned }: Operation, { ts }: Operation, driver: string): boolean {
    const { spread } = this.world.habit(driver);
    return returned !== null && spread !== null && ts - returned > spread;
  }

  /**
   * The operation that bound the driver which operation `j` gives up or unbinds: nobody does so who
   * has not seen it bound. When it is not bound, nothing is known to come before.
   */
  #boundAt(j: number, driver: string): number {
    if (this.#drivers[j - 1] !== driver) return -1;
    let at = j - 1;
    while (at > 0 && this.#drivers[at - 1] === driver) at--;
    return at;
  }

  #setterBefore(j: number): Operation | undefined {
    return this.#operations
      .slice(0, j)
      .findLast(({ action }) => action.type === 'override' && action.driver !== null);
  }
}

const isClear = ({ action }: Operation) => action.type === 'override' && action.driver === null;

function makeRace(
  lifetime: Lifetime,
  first: Operation,
  second: Operation,
  recorded: Outcome,
  other: Outcome,
  world: World,
): Race {
  const raceClass = classify(first.action, second.action, lifetime);
  return {
    device: lifetime.device,
    class: raceClass,
    first: side(first),
    second: side(second),
    windowNs: distance(first.ts, second.ts),
    outcome: `${tellRecorded(recorded)}; in the other order: ${tell(other, world)}`,
    advice: ADVICE[raceClass],
  };
}

const distance = (a: Nanos, b: Nanos) => (a < b ? nanosBetween(a, b) : nanosBetween(b, a));

const side = ({ seq, ts, actor, action }: Operation): RaceSide => ({
  seq,
  ts,
  actor,
  what: describe(action),
});
