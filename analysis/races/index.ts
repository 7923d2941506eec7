export type { RaceClass } from '../../replay/index.js';

import { RunReader } from '../../replay/index.js';
import type { Batch, TraceReader } from '../../traces/index.js';
import { type Found, findRaces, type Race } from './find.js';
import { type DeadlockCandidate, LockOrder } from './lock-order.js';
import type { Lifetime } from './operation.js';
import { LifeReader, type Lives } from './read-lives.js';
import { SEARCH_LIMITS, type Searched, searchRaces } from './search-races.js';

export {
  type ExploredLife,
  explainLife,
  exploreLives,
  type RecordedLife,
  recordedLives,
} from './explored-life.js';
export type { Found, Pair, Race, RaceSide, UndecidedRace } from './find.js';
export { recordedOperation } from './life-run.js';
export type { DeadlockCandidate } from './lock-order.js';
export type { Actor } from './operation.js';
export type { Searched } from './search-races.js';
export { type WholeRun, wholeRun } from './whole-run.js';

export interface RaceReport extends Found {
  /**
   * Parts of binding without events in the recording, so that nothing is known about races in them.
   */
  readonly unrecorded: readonly string[];
  /** Locks that threads took in opposite orders: they may wait for each other in another order. */
  readonly deadlocks: readonly DeadlockCandidate[];
  /** Whether all orders of all operations together were searched, and why not. */
  readonly searched: Searched;
}

/** Finds the binding races of a trace, batch by batch. */
export class RaceFinder {
  readonly #lives: LifeReader;
  readonly #run = new RunReader(SEARCH_LIMITS);
  readonly #locks = new LockOrder();

  constructor(private readonly meta: TraceReader['meta']) {
    this.#lives = new LifeReader(meta);
  }

  /** Adds the next batch. */
  add(batch: Batch): void {
    this.#lives.add(batch);
    this.#run.add(batch);
    this.#locks.add(batch);
  }

  /** The races, in the order in which their second operations came; call it once. */
  finish(): RaceReport {
    const { races: ofLives, ...report } = racesOfLives(this.#lives.finish());
    const run = this.#run.run(this.meta.kernel ?? 'unknown');
    const { races: others, searched } = searchRaces(run, ofLives);
    const all = inOrder([...ofLives, ...numbered(others, ofLives)]);
    return { ...report, races: all, deadlocks: this.#locks.finish(), searched };
  }
}

/** The binding races of a trace, in the order in which their second operations came. */
export function races(reader: TraceReader): RaceReport {
  const finder = new RaceFinder(reader.meta);
  for (const batch of reader.read()) finder.add(batch);
  return finder.finish();
}

/** Races of one class between the same actors are one incident. */
function numbered(found: readonly Race[], known: readonly Race[]): Race[] {
  const last = Math.max(0, ...known.map(({ incident }) => incident));
  const numbers = new Map<string, number>();
  return found.map((race) => {
    const key = `${race.class} ${race.first.actor.tid} ${race.second.actor.tid}`;
    const incident = numbers.get(key) ?? last + numbers.size + 1;
    numbers.set(key, incident);
    return { ...race, incident };
  });
}

function racesOfLives({
  all,
  worldOf,
  unrecorded,
}: Lives): Omit<RaceReport, 'searched' | 'deadlocks'> {
  const found = all.map((lifetime) => findRaces(lifetime, worldOf));
  const numbers = new Map<string, number>();
  /** Lives that one write has made race in the same way: that is one incident. */
  const inIncident = (race: Race, lifetime: Lifetime, life: number): Race => {
    const key = `${race.class} ${lifetime.madeBy ?? `life ${life}`}`;
    const incident = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, incident);
    return { ...race, incident };
  };
  return {
    races: inOrder(
      found.flatMap((life, i) => life.races.map((race) => inIncident(race, all[i], i))),
    ),
    untold: inOrder(found.flatMap((life) => life.untold)),
    unrecorded,
  };
}

const inOrder = <T extends { readonly second: { readonly seq: number } }>(pairs: T[]): T[] =>
  pairs.sort((a, b) => a.second.seq - b.second.seq);
