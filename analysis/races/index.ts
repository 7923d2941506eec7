import type { TraceReader } from '../../traces/index.js';
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

/** The binding races of a trace, in the order in which their second operations came. */
export function races(reader: TraceReader): RaceReport {
  const collector = new LifetimeCollector(reader.meta);
  const seen = new BindingSeen();
  for (const batch of reader.read()) {
    seen.add(batch);
    collector.add(batch);
  }
  const { all, natives, habits } = collector.finish();
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
    unrecorded: seen.missing(),
  };
}

const inOrder = <T extends { readonly second: { readonly seq: number } }>(pairs: T[]): T[] =>
  pairs.sort((a, b) => a.second.seq - b.second.seq);
