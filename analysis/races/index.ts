export type { RaceClass } from '../../replay/index.js';

import type { Batch, TraceReader } from '../../traces/index.js';
import { type Found, findRaces, type Race } from './find.js';
import type { Lifetime } from './operation.js';
import { LifeReader, type Lives, readLives } from './read-lives.js';

export {
  type ExploredLife,
  explainLife,
  exploreLives,
  type RecordedLife,
  recordedLives,
} from './explored-life.js';
export type { Found, Pair, Race, RaceSide, UndecidedRace } from './find.js';
export { recordedOperation } from './life-run.js';
export type { Actor } from './operation.js';

export interface RaceReport extends Found {
  /**
   * Parts of binding without events in the recording, so that nothing is known about races in them.
   */
  readonly unrecorded: readonly string[];
}

/** Finds the binding races of a trace, batch by batch. */
export class RaceFinder {
  readonly #lives: LifeReader;

  constructor(meta: TraceReader['meta']) {
    this.#lives = new LifeReader(meta);
  }

  /** Adds the next batch. */
  add(batch: Batch): void {
    this.#lives.add(batch);
  }

  /** The races, in the order in which their second operations came; call it once. */
  finish(): RaceReport {
    return racesIn(this.#lives.finish());
  }
}

/** The binding races of a trace, in the order in which their second operations came. */
export function races(reader: TraceReader): RaceReport {
  return racesIn(readLives(reader));
}

function racesIn({ all, worldOf, unrecorded }: Lives): RaceReport {
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
