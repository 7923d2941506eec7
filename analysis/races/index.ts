import type { TraceReader } from '../../traces/index.js';
import { findRaces, type Race } from './find.js';
import { idOf, LifetimeCollector } from './lifetimes.js';

export type { Race, RaceSide } from './find.js';
export type { Actor } from './operation.js';
export type { RaceClass } from './race-class.js';

/** The binding races of a trace, in the order in which their second operations came. */
export function races(reader: TraceReader): Race[] {
  const collector = new LifetimeCollector();
  for (const batch of reader.read()) collector.add(batch);
  const { all, natives } = collector.finish();
  const found = all.flatMap((lifetime) => findRaces(lifetime, natives.get(idOf(lifetime)) ?? []));
  return found.sort((a, b) => a.second.seq - b.second.seq);
}
