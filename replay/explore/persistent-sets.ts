/**
 * Persistent sets: threads whose next steps are enough at a state, since no other thread can do
 * anything that interferes with these steps. All ends stay reachable (P. Godefroid, Partial-Order
 * Methods for the Verification of Concurrent Systems, 1996, chapter 4).
 *
 * What a thread may still do is what it was seen to do from its operation on. A search that has
 * seen a thread do more than was known is repeated, until one has seen nothing new.
 */
import type { CellLog, Kernel } from '../kernel/index.js';

/** Cells as a set of bits. */
class CellSet {
  readonly #words: Int32Array;

  constructor(cells: number) {
    this.#words = new Int32Array((cells + 31) >> 5);
  }

  has(cell: number): boolean {
    return (this.#words[cell >> 5] & (1 << (cell & 31))) !== 0;
  }

  add(cell: number): void {
    this.#words[cell >> 5] |= 1 << (cell & 31);
  }

  hasAny(cells: Iterable<number>): boolean {
    for (const cell of cells) if (this.has(cell)) return true;
    return false;
  }
}

/** Cells by what is done with them. Two threads that both only add to a cell do not interfere. */
interface Access<Cells> {
  readonly reads: Cells;
  readonly writes: Cells;
  readonly adds: Cells;
}

const KINDS = ['reads', 'writes', 'adds'] as const;

function accessOf({ reads, writes, plain }: CellLog): Access<readonly number[]> {
  return {
    reads: [...reads].filter((cell) => plain.has(cell)),
    writes: [...writes].filter((cell) => plain.has(cell)),
    adds: [...writes].filter((cell) => !plain.has(cell)),
  };
}

type NextStep = Access<readonly number[]>;

/** What a thread was seen to do from one of its operations on. */
type Reach = Access<CellSet>;

export class PersistentSets {
  /** A thread was seen to do more than was known. */
  hasGrown = false;
  /** By thread, and by the operation that its actor is at. */
  readonly #reach: readonly (readonly Reach[])[];

  constructor(k: Kernel) {
    const cells = k.cells.copy().length;
    this.#reach = Array.from({ length: k.threads }, (_, thread) =>
      Array.from({ length: (k.world.operations[thread]?.length ?? 0) + 1 }, () => ({
        reads: new CellSet(cells),
        writes: new CellSet(cells),
        adds: new CellSet(cells),
      })),
    );
  }

  /** The smallest set of those that begin with one of the threads that can do a step. */
  choose(k: Kernel, ready: readonly number[]): readonly number[] {
    const next = new Map<number, NextStep>();
    for (const thread of ready) {
      const log = accessOf(k.footprint(thread));
      next.set(thread, log);
      this.#note(thread, operationOf(k, thread), log);
    }
    let best = ready;
    for (const thread of ready) {
      const set = this.#closure(k, thread, next);
      const chosen = ready.filter((one) => set.has(one));
      if (chosen.length < best.length) best = chosen;
      if (best.length === 1) break;
    }
    return best;
  }

  #note(thread: number, operation: number, log: NextStep): void {
    for (const member of KINDS) {
      for (const cell of log[member]) {
        const reach = this.#reach[thread];
        if (reach[operation][member].has(cell)) continue;
        this.hasGrown = true;
        for (let i = 0; i <= operation; i++) reach[i][member].add(cell);
      }
    }
  }

  /**
   * Adds threads until no thread outside can interfere with the next step of one inside. The step
   * that a waiting thread would do reads what it waits for, so that threads that may end its wait
   * are added, too.
   */
  #closure(k: Kernel, first: number, next: Map<number, NextStep>): Set<number> {
    const set = new Set([first]);
    for (const thread of set) {
      const log = next.get(thread) ?? accessOf(k.footprint(thread));
      next.set(thread, log);
      for (let other = 0; other < k.threads; other++) {
        if (!set.has(other) && this.#interferes(k, other, log)) set.add(other);
      }
    }
    return set;
  }

  #interferes(k: Kernel, thread: number, step: NextStep): boolean {
    // An actor that has ended does nothing more; a worker can be given work again.
    if (thread < k.world.actors.length && k.nextStep(thread) === null) return false;
    const reach = this.#reach[thread][operationOf(k, thread)];
    return (
      reach.writes.hasAny(step.reads) ||
      reach.writes.hasAny(step.writes) ||
      reach.writes.hasAny(step.adds) ||
      reach.reads.hasAny(step.writes) ||
      reach.reads.hasAny(step.adds) ||
      reach.adds.hasAny(step.reads) ||
      reach.adds.hasAny(step.writes)
    );
  }
}

const operationOf = (k: Kernel, thread: number): number =>
  thread < k.world.actors.length ? k.get(k.progressOf(thread)) : 0;
