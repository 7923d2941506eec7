/** The lives of all functions in a recording, and what is known of drivers in it. */
import type { Batch, TraceReader } from '../../traces/index.js';
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

/** Reads the lives batch by batch. */
export class LifeReader {
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

  /** The lives of all batches; call it once. */
  finish(): Lives {
    const { all, natives, habits } = this.#collector.finish();
    const worldOf: WorldOf = (lifetime, autoprobe) => {
      const id = idOf(lifetime);
      return {
        autoprobe,
        natives: natives.get(id) ?? [],
        habit: (driver) => habits.habit(driver, id),
      };
    };
    return { all, worldOf, unrecorded: this.#seen.missing() };
  }
}

export function readLives(reader: TraceReader): Lives {
  const lives = new LifeReader(reader.meta);
  for (const batch of reader.read()) lives.add(batch);
  return lives.finish();
}
