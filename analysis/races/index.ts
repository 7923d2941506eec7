import type { Batch, TraceReader } from '../../traces/index.js';
import { BindingSeen } from './coverage.js';
import { type Found, findRaces, type WorldOf } from './find.js';
import { idOf, LifetimeCollector } from './lifetimes.js';

export type { Found, Pair, Race, RaceSide, UndecidedRace } from './find.js';
export type { Actor } from './operation.js';
export type { RaceClass } from './race-class.js';

export interface RaceReport extends Found {
  /**
   * Parts of binding without events in the recording, so that nothing is known about races in them.
   */
  readonly unrecorded: readonly string[];
}

/** Finds the binding races of a trace, batch by batch. */
export class RaceFinder {
  readonly #collector: LifetimeCollector;
  readonly #seen = new BindingSeen();

  constructor(meta: TraceReader['meta']) {
    this.#collector = new LifetimeCollector(meta);
  }

  /** Adds the next batch. */
  add(batch: Batch): void {
    this.#seen.add(batch);
    this.#collector.add(batch);
  }

  /** The races, in the order in which their second operations came; call it once. */
  finish(): RaceReport {
    const { all, natives, habits } = this.#collector.finish();
    const worldOf: WorldOf = (lifetime, autoprobe) => {
      const id = idOf(lifetime);
      return {
        autoprobe,
        natives: natives.get(id) ?? [],
        habit: (driver) => habits.habit(driver, id),
      };
    };
    const found = all.map((lifetime) => findRaces(lifetime, worldOf));
    return {
      races: inOrder(found.flatMap((life) => life.races)),
      untold: inOrder(found.flatMap((life) => life.untold)),
      unrecorded: this.#seen.missing(),
    };
  }
}

/** The binding races of a trace, in the order in which their second operations came. */
export function races(reader: TraceReader): RaceReport {
  const finder = new RaceFinder(reader.meta);
  for (const batch of reader.read()) finder.add(batch);
  return finder.finish();
}

const inOrder = <T extends { readonly second: { readonly seq: number } }>(pairs: T[]): T[] =>
  pairs.sort((a, b) => a.second.seq - b.second.seq);
