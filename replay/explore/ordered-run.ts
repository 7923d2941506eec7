/**
 * One order of the steps of a run, with what each step reads and writes: which of two steps comes
 * first matters if they conflict.
 */
import { EventAppender } from '../../traces/index.js';
import { boot, type Kernel, nameOfThread, TraceRecorder, type World } from '../kernel/index.js';
import { DEVICE, FRAME_CELLS, GLOBAL, THREAD } from '../kernel/layout.js';

export interface RunStep {
  /** Place in the order, from 0; one more than the last for a step that was not reached. */
  readonly at: number;
  readonly thread: number;
  readonly actor: string;
  /** Number of the operation of the actor from 0; null for a worker of the kernel. */
  readonly operation: number | null;
  /** The procedures that the thread is in, innermost first. */
  readonly calls: readonly string[];
  /** Cells that several threads use, without locks. */
  readonly reads: ReadonlySet<number>;
  readonly writes: ReadonlySet<number>;
  /** Cells that it only adds to. */
  readonly adds: ReadonlySet<number>;
  readonly locks: ReadonlySet<number>;
  /** The first event of the step in a recording of this order, else the last of its thread. */
  readonly seq: number | null;
}

/** How two steps of different threads depend on their order. */
export type Conflict = 'data' | 'lock' | null;

export function conflictOf(a: RunStep, b: RunStep): Conflict {
  if (meet(a.writes, b.reads) || meet(a.writes, b.writes) || meet(a.reads, b.writes)) return 'data';
  if (meet(a.adds, b.reads) || meet(a.adds, b.writes)) return 'data';
  if (meet(b.adds, a.reads) || meet(b.adds, a.writes)) return 'data';
  return meet(a.locks, b.locks) ? 'lock' : null;
}

function meet(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const cell of few) if (many.has(cell)) return true;
  return false;
}

export class OrderedRun {
  /** The steps in their order. */
  readonly steps: readonly RunStep[];
  /** Steps that wait at the end, by thread: what would have come next. */
  readonly pending: ReadonlyMap<number, RunStep>;
  /** The steps of each thread, in their order. */
  readonly byThread: readonly (readonly RunStep[])[];
  readonly #locks: ReadonlySet<number>;
  /** By thread: its steps by where the thread was before it. */
  readonly #places: readonly ReadonlyMap<string, number>[];

  /** @param schedule the thread of each step */
  constructor(
    readonly world: World,
    readonly schedule: readonly number[],
  ) {
    const events = new EventAppender(BATCH_ROWS, () => undefined);
    const k = boot(world, new TraceRecorder(world, events));
    const locks = locksOf(k);
    this.#locks = locks;
    const byThread = Array.from({ length: k.threads }, (): RunStep[] => []);
    const places = byThread.map(() => new Map<string, number>());
    const last = new Map<number, number>();
    this.steps = schedule.map((thread, at) => {
      const place = placeOf(k, thread);
      if (!places[thread].has(place)) places[thread].set(place, byThread[thread].length);
      const before = events.seq;
      const step = stepAt(k, thread, at, locks, () => k.step(thread));
      if (events.seq > before) last.set(thread, events.seq - 1);
      const seq = events.seq > before ? before : (last.get(thread) ?? null);
      byThread[thread].push({ ...step, seq });
      return byThread[thread][byThread[thread].length - 1];
    });
    const pending = new Map<number, RunStep>();
    for (let thread = 0; thread < k.threads; thread++) {
      if (k.nextStep(thread) === null) continue;
      const step = stepAt(k, thread, schedule.length, locks, () => k.canRun(thread));
      pending.set(thread, { ...step, seq: last.get(thread) ?? null });
      places[thread].set(placeOf(k, thread), byThread[thread].length);
    }
    this.pending = pending;
    this.byThread = byThread;
    this.#places = places;
  }

  /**
   * How many steps of this order a thread has done in a state of another order. Negative, less one,
   * when the thread does other steps than here: then those of earlier operations count.
   */
  doneBy(k: Kernel, thread: number): number {
    const own = this.byThread[thread];
    const place = this.#places[thread].get(placeOf(k, thread));
    if (place !== undefined) return place;
    if (k.nextStep(thread) === null) return own.length;
    if (thread >= k.world.actors.length) return -1;
    const progress = k.get(k.progressOf(thread));
    const later = own.findIndex(({ operation }) => (operation ?? 0) > progress);
    return -1 - (later < 0 ? own.length : later);
  }

  /**
   * The next step of a thread that does other steps than here. It has the place of the end of its
   * operation, and the first event of that.
   */
  strayStep(k: Kernel, thread: number): RunStep {
    const step = stepAt(k, thread, this.schedule.length, this.#locks, () => {
      const { moment } = k.cells;
      if (k.canRun(thread)) k.step(thread);
      k.cells.undo(moment);
    });
    const own = this.byThread[thread].filter(
      ({ operation }) => operation !== null && operation === step.operation,
    );
    const isDone = this.byThread[thread].some(
      ({ operation }) => (operation ?? -1) > (step.operation ?? 0),
    );
    const last = own.at(-1);
    const at = isDone && last !== undefined ? last.at : this.schedule.length;
    return { ...step, at, seq: own.at(0)?.seq ?? null };
  }
}

/** Rows per batch; the batches are discarded. */
const BATCH_ROWS = 1024;

function stepAt(
  k: Kernel,
  thread: number,
  at: number,
  locks: ReadonlySet<number>,
  work: () => void,
): Omit<RunStep, 'seq'> {
  const actor = nameOfThread(k, thread);
  const calls = k.callsOf(thread);
  const operation = thread < k.world.actors.length ? k.get(k.progressOf(thread)) : null;
  const log = k.cells.logged(work);
  const [first, end] = [k.threadRecord(0), k.threadRecord(k.threads)];
  const isShared = (cell: number) =>
    (cell < first || cell >= end) && !locks.has(cell) && !k.isCounter(cell);
  const isPlain = (cell: number) => isShared(cell) && log.plain.has(cell);
  return {
    at,
    thread,
    actor,
    operation,
    calls,
    reads: new Set([...log.reads].filter(isPlain)),
    writes: new Set([...log.writes].filter(isPlain)),
    adds: new Set([...log.writes].filter((cell) => isShared(cell) && !log.plain.has(cell))),
    locks: new Set([...log.reads, ...log.writes].filter((cell) => locks.has(cell))),
  };
}

/** Cells of all locks. */
function locksOf(k: Kernel): ReadonlySet<number> {
  const locks = new Set([GLOBAL.rescanRemove, ...k.vfio.locks()]);
  for (const place of k.world.places) {
    for (const dev of k.recordsOf(place)) locks.add(dev + DEVICE.lock);
  }
  return locks;
}

/** Where a thread is in its program: its operation, and its calls with their locals. */
function placeOf(k: Kernel, thread: number): string {
  const record = k.threadRecord(thread);
  const innermost = k.get(record + THREAD.frame);
  const steps: number[] = thread < k.world.actors.length ? [k.get(k.progressOf(thread))] : [];
  for (let frame = innermost; frame > record; frame -= FRAME_CELLS) {
    for (let member = 0; member < FRAME_CELLS; member++) steps.push(k.get(frame + member));
  }
  return steps.join(' ');
}
