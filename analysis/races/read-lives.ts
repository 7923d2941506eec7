/** The lives of all functions in a recording, and what is known of drivers in it. */
import type { TraceReader } from '../../traces/index.js';
import { BindingSeen } from './coverage.js';
import type { WorldOf } from './find.js';
import { idOf, LifetimeCollector } from './lifetimes.js';
import type { Lifetime } from './operation.js';

export interface Lives {
  readonly all: readonly Lifetime[];
  readonly worldOf: WorldOf;
  /** Parts of binding without events in the recording. */
  readonly unrecorded: readonly string[];
}

export function readLives(reader: TraceReader): Lives {
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
  return { all, worldOf, unrecorded: seen.missing() };
}
