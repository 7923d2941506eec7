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
import { ADVICE, classify, type RaceClass } from './race-class.js';
import { driversAfterEach, type Outcome, sameOutcome, simulate } from './simulate.js';

export interface RaceSide {
  readonly seq: Seq;
  readonly ts: Nanos;
  readonly actor: Actor;
  readonly what: string;
}

export interface Race {
  readonly device: Bdf;
  readonly class: RaceClass;
  /** The operation that took effect first; the second may have begun before it, and waited. */
  readonly first: RaceSide;
  readonly second: RaceSide;
  /** Between their begins, whichever came before, in nanoseconds. */
  readonly windowNs: NanosDelta;
  /** What happened, and what would have happened in the other order. */
  readonly outcome: string;
  readonly advice: string;
}

const sameActor = (a: Operation, b: Operation) => a.actor.tid === b.actor.tid;

/**
 * The races in one device's life, at most one per class and pair of actors: the closest.
 *
 * Each operation is moved back over the others, one by one, as far as its own actor's last one. An
 * operation that it passes with a change of the outcome is the other side of a race; what it passes
 * without one has no part in it.
 */
export function findRaces(lifetime: Lifetime, natives: readonly string[]): Race[] {
  const { operations } = lifetime;
  const recorded = simulate(lifetime, operations, natives);
  const order = new HappensBefore(lifetime, natives);
  const closest = new Map<string, Race>();
  for (let j = 1; j < operations.length; j++) {
    let last = recorded;
    for (let i = j - 1; i >= 0 && !order.fixed(i, j); i--) {
      const other = simulate(lifetime, moved(operations, j, i), natives);
      if (sameOutcome(last, other)) continue;
      last = other;
      if (sameOutcome(recorded, other)) continue;
      const race = makeRace(lifetime, operations[i], operations[j], recorded, other);
      const key = `${race.class} ${race.first.actor.tid} ${race.second.actor.tid}`;
      const known = closest.get(key);
      if (known === undefined || race.windowNs < known.windowNs) closest.set(key, race);
    }
  }
  return [...closest.values()].sort((a, b) => a.second.seq - b.second.seq);
}

/** The operations with number `from` moved to before number `to`. */
const moved = (operations: readonly Operation[], from: number, to: number) => [
  ...operations.slice(0, to),
  operations[from],
  ...operations.slice(to, from),
  ...operations.slice(from + 1),
];

/** What comes before what whatever the actors do, so that its other order is not to be feared. */
class HappensBefore {
  readonly #operations: readonly Operation[];
  /** The driver that is bound after each operation, in the recorded order. */
  readonly #drivers: readonly (string | null)[];

  constructor(lifetime: Lifetime, natives: readonly string[]) {
    this.#operations = lifetime.operations;
    this.#drivers = driversAfterEach(lifetime, natives);
  }

  /** True when operation `i` comes before the later `j` in every order. */
  fixed(i: number, j: number): boolean {
    const [first, second] = [this.#operations[i], this.#operations[j]];
    if (sameActor(first, second)) return true;
    if (second.action.type === 'release' || second.action.type === 'unbind') {
      return i <= this.#boundAt(j, second.action.driver);
    }
    // Who clears an override has seen it set, and waits for what the one who set it was about.
    if (isClear(second)) return first.actor.tid === this.#setterBefore(j)?.actor.tid;
    // An operation that asks for a driver is made by someone who has seen the device come; an
    // override is the one that can come between the device and its first probe.
    return first.action.type === 'initial' && second.action.type !== 'override';
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
): Race {
  const raceClass = classify(first.action, second.action, lifetime);
  return {
    device: lifetime.device,
    class: raceClass,
    first: side(first),
    second: side(second),
    windowNs: distance(first.ts, second.ts),
    outcome: `${tell(recorded)}; in the other order: ${tell(other)}`,
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

function tell({ probes, driver }: Outcome): string {
  const owner = driver === null ? 'unbound at last' : `${driver} at last`;
  return probes.length === 0
    ? `no driver probed, ${owner}`
    : `${runs(probes).join(', ')}; ${owner}`;
}

/** Equal probes in a row are told once, with their number. */
function runs(probes: readonly string[]): string[] {
  const out: string[] = [];
  for (let at = 0, next = 0; at < probes.length; at = next) {
    while (next < probes.length && probes[next] === probes[at]) next++;
    const failed = probes[at].endsWith('!');
    const driver = failed ? probes[at].slice(0, -1) : probes[at];
    const times = next - at === 1 ? '' : ` ${next - at} times`;
    out.push(`${driver} ${failed ? 'failed to probe' : 'probed'}${times}`);
  }
  return out;
}
