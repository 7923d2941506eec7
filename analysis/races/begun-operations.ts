/**
 * Operations that have begun: each takes effect later, under the lock of its function. One that has
 * not come to that when its function is removed, or the recording ends, has done nothing.
 */
import type { Store } from '../../replay/index.js';
import type { Seq } from '../../traces/index.js';
import type { Lifetime, Operation } from './operation.js';

/** What a thread has begun to do to a function. */
export interface Begun {
  readonly lifetime: Lifetime;
  readonly operation: Operation;
  hasActed: boolean;
}

export const begun = (lifetime: Lifetime, operation: Operation): Begun => ({
  lifetime,
  operation,
  hasActed: false,
});

/** A sysfs store that has begun. */
export interface OpenStore {
  readonly action: Store | null;
  readonly seq: Seq;
  /** One for each life that it affects. */
  readonly operations: readonly Begun[];
}

export class BegunOperations {
  /** By thread. */
  readonly #stores = new Map<number, OpenStore>();
  /** Drivers that give functions up, by thread. */
  readonly #releases = new Map<number, Begun>();

  beginStore(tid: number, store: OpenStore): void {
    this.#stores.set(tid, store);
  }

  storeOf(tid: number): OpenStore | undefined {
    return this.#stores.get(tid);
  }

  endStore(tid: number): OpenStore | undefined {
    const store = this.#stores.get(tid);
    this.#stores.delete(tid);
    return store;
  }

  beginRelease(tid: number, release: Begun): void {
    this.#releases.set(tid, release);
  }

  /** A thread has the lock of a function: the first time what it has begun takes effect. */
  act(tid: number, lifetime: Lifetime, at: Seq): void {
    const stored = this.#stores.get(tid)?.operations ?? [];
    const own = this.#releases.get(tid);
    const one = [...stored, ...(own === undefined ? [] : [own])].find(
      (each) => each.lifetime === lifetime && !each.hasActed,
    );
    if (one === undefined) return;
    one.operation.effect = at;
    one.hasActed = true;
  }

  /** A life, or with null the recording, ends: what has not acted is no operation. */
  end(lifetime: Lifetime | null): void {
    const stored = [...this.#stores.values()].flatMap(({ operations }) => operations);
    for (const one of [...stored, ...this.#releases.values()]) {
      if (one.hasActed || (lifetime !== null && one.lifetime !== lifetime)) continue;
      const { operations } = one.lifetime;
      const at = operations.indexOf(one.operation);
      if (at >= 0) operations.splice(at, 1);
    }
  }

  /** Events were lost, maybe the ends of what has begun. */
  forget(): void {
    this.#stores.clear();
    this.#releases.clear();
  }
}
