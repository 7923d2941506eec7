/**
 * Components: threads that share no cell with the others, and thus no lock. Each is searched by
 * itself, while the other threads do nothing.
 *
 * What a component reads and writes is learned from its own search, which enters all of its states.
 * As long as nobody else writes what it reads, and nobody else reads or writes what it writes, it
 * does the same in every run of all threads. Components that meet in a cell are joined, and the
 * joined one is searched again, until no two meet.
 */
import type { Kernel } from '../kernel/index.js';
import { GLOBAL } from '../kernel/layout.js';
import { type Moves, type SearchLimits, type Space, searchStates } from './depth-first.js';

/** Cells as bytes: fast to add to. */
class CellMap {
  readonly #bytes: Uint8Array;

  constructor(cells: number) {
    this.#bytes = new Uint8Array(cells);
  }

  add(cell: number): void {
    this.#bytes[cell] = 1;
  }

  has(cell: number): boolean {
    return this.#bytes[cell] === 1;
  }
}

/** What threads were seen to read and write. */
class Footprint {
  readonly reads: CellMap;
  readonly writes: CellMap;
  readonly plain: CellMap;

  constructor(readonly cells: number) {
    this.reads = new CellMap(cells);
    this.writes = new CellMap(cells);
    this.plain = new CellMap(cells);
  }

  /**
   * One writes what the other reads or writes. A cell that both only add to is not counted, nor are
   * faults: bits that are set, and that no step looks at.
   */
  meets(other: Footprint): boolean {
    for (let cell = 0; cell < this.cells; cell++) {
      if (cell === GLOBAL.faults) continue;
      const isShared =
        (this.writes.has(cell) && other.reads.has(cell)) ||
        (this.reads.has(cell) && other.writes.has(cell)) ||
        (this.writes.has(cell) && other.writes.has(cell));
      if (isShared && (this.plain.has(cell) || other.plain.has(cell))) return true;
    }
    return false;
  }
}

export interface Component {
  /** In the order of their numbers. */
  readonly threads: readonly number[];
  readonly space: Space;
  /** Whether it writes one of some cells. */
  readonly writes: (first: number, count: number) => boolean;
}

interface Searched extends Component {
  readonly footprint: Footprint;
}

/**
 * The components that do something.
 * @param k the kernel at the beginning; it is there again at the end
 * @returns null when there are not two of them, and when the search of one does not close
 */
export function componentsOf(k: Kernel, limits: SearchLimits): readonly Component[] | null {
  let groups = Array.from({ length: k.threads }, (_, thread) => [thread]);
  const known = new Map<string, Searched>();
  for (;;) {
    const searched: Searched[] = [];
    for (const threads of groups) {
      const key = threads.join();
      const component = known.get(key) ?? search(k, threads, limits);
      if (!component.space.closed) return null;
      known.set(key, component);
      searched.push(component);
    }
    const joined = joinedBy(searched);
    const actors = joined.filter(([first]) => first < k.world.actors.length);
    if (actors.length < 2) return null;
    if (joined.length === groups.length) {
      const busy = searched.filter(({ space }) => space.states > 1);
      return busy.length < 2 ? null : busy;
    }
    groups = joined;
  }
}

function search(k: Kernel, threads: readonly number[], limits: SearchLimits): Searched {
  const footprint = new Footprint(k.cells.copy().length);
  const space = searchStates(k, limits, undefined, movesOf(threads, footprint));
  const writes = (first: number, count: number): boolean =>
    Array.from({ length: count }, (_, i) => first + i).some((cell) => footprint.writes.has(cell));
  return { threads, space, footprint, writes };
}

/** Steps of some threads, with a note of all that they and their waits look at. */
function movesOf(threads: readonly number[], footprint: Footprint): Moves {
  return {
    ready: (k) => {
      const ready = k.cells.logInto(footprint, () => threads.filter((one) => k.canRun(one)));
      if (ready.length === 0) k.cells.logInto(footprint, () => noteWaits(k, threads));
      return ready;
    },
    step: (k, thread) => k.cells.logInto(footprint, () => k.step(thread)),
  };
}

/** What a deadlock is described by is read, too: which threads have what is waited for. */
function noteWaits(k: Kernel, threads: readonly number[]): void {
  for (const thread of threads) {
    const step = k.nextStep(thread);
    if (step === null || step.wait === null || step.procedure === 'user') continue;
    k.enter(thread);
    step.wait.what(k);
    step.wait.holders(k);
  }
}

/** Threads of components that meet become one group. */
function joinedBy(components: readonly Searched[]): number[][] {
  const groupOf = components.map((_, i) => i);
  for (const [i, one] of components.entries()) {
    for (let j = 0; j < i; j++) {
      const [from, to] = [groupOf[i], groupOf[j]];
      if (from === to || !one.footprint.meets(components[j].footprint)) continue;
      for (const [at, group] of groupOf.entries()) if (group === from) groupOf[at] = to;
    }
  }
  return [...new Set(groupOf)]
    .map((group) => components.filter((_, i) => groupOf[i] === group))
    .map((some) => some.flatMap(({ threads }) => threads).sort((a, b) => a - b))
    .sort(([a], [b]) => a - b);
}
