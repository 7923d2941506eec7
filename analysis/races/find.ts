/**
 * Finds binding races: two operations by different actors whose order is not determined, and whose
 * other order leads to another outcome. The recording itself may have gone well.
 */
import { ADVICE, classOfPair, type RaceClass } from '../../replay/index.js';
import {
  type Bdf,
  type Nanos,
  type NanosDelta,
  nanosBetween,
  type Seq,
} from '../../traces/index.js';
import { actionOf, operationText, type World } from './life-machine.js';
import type { Actor, Lifetime, Operation } from './operation.js';
import { describeOutcome, describeRecorded, isSame, laterOwner, touchedBy } from './outcome.js';
import { type LifePart, type Outcome, partsOf } from './trial.js';
import { Trials } from './trials.js';

export interface RaceSide {
  readonly seq: Seq;
  readonly ts: Nanos;
  readonly actor: Actor;
  readonly what: string;
}

/** Two operations whose order may matter. */
export interface Pair {
  readonly device: Bdf;
  readonly class: RaceClass;
  /** The operation that took effect first; the second may have begun before it, and waited. */
  readonly first: RaceSide;
  readonly second: RaceSide;
  /** Time between their begins, whichever came first, in nanoseconds. */
  readonly windowNs: NanosDelta;
}

/** An operation of the other order. */
export interface WitnessOperation {
  readonly seq: Seq;
  readonly actor: Actor;
  readonly what: string;
}

export interface Race extends Pair {
  /**
   * Races of one class between functions that one write has made, or in one life: they have the
   * same number, from 1.
   */
  readonly incident: number;
  /** The driver that finally has the function in the recorded order, and in the other one. */
  readonly drivers: { readonly recorded: string | null; readonly other: string | null };
  /** Drivers whose probe was entered, in each order. */
  readonly touched: { readonly recorded: readonly string[]; readonly other: readonly string[] };
  /** The other order, from where it differs: the kernel that runs did it. */
  readonly witness: readonly WitnessOperation[];
  /** Which threads wait for each other for good in the other order; null if none do. */
  readonly deadlock: string | null;
  /** Bugs of the kernel that the other order hits. */
  readonly faults: readonly string[];
  /** What happened, and what would have happened in the other order. */
  readonly outcome: string;
  readonly advice: string;
}

/** A pair that may be a race; that depends on something that is not in the recording. */
export interface UndecidedRace extends Pair {
  /** What is not known. */
  readonly reason: string;
}

export interface Found {
  readonly races: readonly Race[];
  readonly untold: readonly UndecidedRace[];
}

/** The world of a life for each value of its PF's flag, which may have been on or off. */
export type WorldOf = (lifetime: Lifetime, autoprobe: boolean) => World;

/**
 * The races in one device's life, at most one per class and pair of actors: the closest. A pair
 * that is a race only if the PF's flag was on, or only if it was off, is `untold` when the flag is
 * not known.
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
    ({ device, class: name, first, second, windowNs }): UndecidedRace => ({
      ...{ device, class: name, first, second, windowNs },
      reason,
    }),
  );
  return { races: closestOf(certain), untold };
}

/** What the PF's flag may have been. */
export function flagsOf({ physfn, seenOpen, gate }: Lifetime): readonly boolean[] {
  if (physfn === null || seenOpen) return [true];
  if (gate.value !== 'unknown' && gate.value.length === 1) return gate.value;
  return gate.open === gate.closed ? [true, false] : [gate.open];
}

const isPair = (a: Pair) => (b: Pair) =>
  a.first.seq === b.first.seq && a.second.seq === b.second.seq && a.class === b.class;

/** For each class and pair of actors, the pair with the shortest time in between. */
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
 * Each operation is moved back over the others, one by one, up to the last one of its own actor. An
 * operation that it passes with a change of the outcome is the other side of a race; one that it
 * passes without a change is not involved.
 */
function racesIn({ lifetime, world }: LifePart): Race[] {
  const { operations } = lifetime;
  const trials = new Trials(lifetime, world);
  const { recorded } = trials;
  const order = new HappensBefore(lifetime, world, trials.drivers);
  const found: Race[] = [];
  for (let j = 1; j < operations.length; j++) {
    let last = recorded;
    const from = Math.max(0, j - REACH);
    for (let i = j - 1; i >= from && !order.fixed(i, j); i--) {
      const other = trials.moved(j, i);
      if (isSame(last, other, world)) continue;
      last = other;
      if (isSame(recorded, other, world)) continue;
      found.push(makeRace(lifetime, i, j, recorded, other, world));
    }
  }
  return found;
}

/** Operations further back than this do not influence one. */
const REACH = 64;

const sameActor = (a: Operation, b: Operation) => a.actor.tid === b.actor.tid;

/**
 * Knows which operations precede others whatever the actors do, so that their other order cannot
 * occur.
 */
class HappensBefore {
  readonly #operations: readonly Operation[];
  /** The driver that is bound after each operation, in the recorded order. */
  readonly #drivers: readonly (string | null)[];
  /** The driver that is bound before all of them. */
  readonly #initial: string | null;

  constructor(
    lifetime: Lifetime,
    private readonly world: World,
    drivers: readonly (string | null)[],
  ) {
    this.#operations = lifetime.operations;
    this.#drivers = drivers;
    this.#initial = lifetime.initial.driver;
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
    // The thread that clears an override has set it, and waited for what it set it for.
    if (isClear(second)) return first.actor.tid === this.#setterBefore(j)?.actor.tid;
    // A request for a driver is made after the device has appeared. An override is the only
    // operation that can come between the device and its first probe.
    return first.action.type === 'initial' && second.action.type !== 'override';
  }

  /**
   * A driver gives a device up some time after binding, and that time varies by `spread`. A write
   * that had returned earlier than that did not interfere.
   */
  #longBefore({ returned }: Operation, { ts }: Operation, driver: string): boolean {
    const { spread } = this.world.habit(driver);
    return returned !== null && spread !== null && ts - returned > spread;
  }

  /**
   * The operation that bound the driver which operation `j` gives up or unbinds: its actor must
   * have seen it bound. -1 if none did: the driver is not bound, or was from the beginning.
   */
  #boundAt(j: number, driver: string): number {
    let at = j;
    while (at > 0 && this.#drivers[at - 1] === driver) at--;
    if (at === j || (at === 0 && this.#initial === driver)) return -1;
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
  i: number,
  j: number,
  recorded: Outcome,
  other: Outcome,
  world: World,
): Race {
  const { operations } = lifetime;
  const [first, second] = [operations[i], operations[j]];
  const moved = [second, ...operations.slice(i, j)];
  const [before, after] = [first, second].map(({ action }) => actionOf(action, lifetime));
  const raceClass = classOfPair(before, after, false);
  return {
    // Incidents are numbered when all races are known.
    incident: 0,
    device: lifetime.device,
    class: raceClass,
    first: side(first, lifetime),
    second: side(second, lifetime),
    windowNs: distance(first.ts, second.ts),
    outcome: `${describeRecorded(recorded)}; in the other order: ${describeOutcome(other, world)}`,
    drivers: { recorded: recorded.driver, other: laterOwner(other, world) },
    touched: { recorded: touchedBy(recorded), other: touchedBy(other) },
    deadlock: null,
    faults: [],
    advice: ADVICE[raceClass],
    witness: moved.map(({ seq, actor, action }) => ({
      seq,
      actor,
      what: operationText(action, lifetime),
    })),
  };
}

/** Time between two moments, whichever came first. */
export const distance = (a: Nanos, b: Nanos) => (a < b ? nanosBetween(a, b) : nanosBetween(b, a));

const side = ({ seq, ts, actor, action }: Operation, lifetime: Lifetime): RaceSide => ({
  seq,
  ts,
  actor,
  what: operationText(action, lifetime),
});
