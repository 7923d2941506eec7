/**
 * Finds binding races: two operations by different actors that nothing orders, and whose other order
 * leads to another outcome. The recording need not have gone wrong.
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
import { type Outcome, sameOutcome, simulate } from './simulate.js';

export interface RaceSide {
  readonly seq: Seq;
  readonly ts: Nanos;
  readonly actor: Actor;
  readonly what: string;
}

export interface Race {
  readonly device: Bdf;
  readonly class: RaceClass;
  readonly first: RaceSide;
  readonly second: RaceSide;
  /** From the first to the second, in nanoseconds. */
  readonly windowNs: NanosDelta;
  /** What happened, and what would have happened in the other order. */
  readonly outcome: string;
  readonly advice: string;
}

/** Operations looked back over from each one; a farther pair is always split by a nearer one. */
const LOOK_BACK = 48;

const sameActor = (a: Operation, b: Operation) => a.actor.tid === b.actor.tid;

/**
 * The order in which the second operation came before the first: with it go the earlier operations
 * of its own actor, whose order a program fixes.
 */
function inverted(operations: readonly Operation[], i: number, j: number): Operation[] {
  const moved = operations.slice(i, j + 1).filter((op) => sameActor(op, operations[j]));
  const kept = operations.slice(i, j + 1).filter((op) => !sameActor(op, operations[j]));
  return [...operations.slice(0, i), ...moved, ...kept, ...operations.slice(j + 1)];
}

/**
 * What comes before what whatever the actors do: one program's operations, and a driver's giving up
 * of a device after that driver was bound to it.
 */
function ordered(lifetime: Lifetime, i: number, j: number, natives: readonly string[]): boolean {
  const { operations } = lifetime;
  if (sameActor(operations[i], operations[j])) return true;
  const { action } = operations[j];
  if (action.type !== 'release') return false;
  return simulate(lifetime, operations.slice(0, i), natives).driver !== action.driver;
}

/** The races in one device's life, at most one per class and pair of actors: the closest. */
export function findRaces(lifetime: Lifetime, natives: readonly string[]): Race[] {
  const { operations } = lifetime;
  const recorded = simulate(lifetime, operations, natives);
  const closest = new Map<string, Race>();
  for (let j = 1; j < operations.length; j++) {
    for (let i = Math.max(0, j - LOOK_BACK); i < j; i++) {
      if (ordered(lifetime, i, j, natives)) continue;
      const other = simulate(lifetime, inverted(operations, i, j), natives);
      if (sameOutcome(recorded, other)) continue;
      const race = makeRace(lifetime, operations[i], operations[j], recorded, other);
      const key = `${race.class} ${race.first.actor.tid} ${race.second.actor.tid}`;
      const known = closest.get(key);
      if (known === undefined || race.windowNs < known.windowNs) closest.set(key, race);
    }
  }
  return [...closest.values()].sort((a, b) => a.second.seq - b.second.seq);
}

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
    windowNs: nanosBetween(first.ts, second.ts),
    outcome: `${tell(recorded)}; in the other order: ${tell(other)}`,
    advice: ADVICE[raceClass],
  };
}

const side = ({ seq, ts, actor, action }: Operation): RaceSide => ({
  seq,
  ts,
  actor,
  what: describe(action),
});

function tell({ probes, driver }: Outcome): string {
  const tried = probes.map((p) => (p.endsWith('!') ? `${p.slice(0, -1)} (failed)` : p));
  const owner = driver === null ? 'unbound at last' : `${driver} at last`;
  return tried.length === 0 ? `no driver probed, ${owner}` : `${tried.join(', then ')}; ${owner}`;
}
