/**
 * Depth-first search over the states of the kernel that runs. One kernel does all steps: the log of
 * its cells takes it back. A state that was seen before is not searched again.
 */
import { type Kernel, outcomeOf, readyThreads } from '../kernel/index.js';
import { type Ending, endingOf, type Judgement } from './outcome-set.js';
import { StateGraph } from './state-graph.js';
import { StateTable } from './state-table.js';

export interface SearchLimits {
  /** States after which no new one is entered. */
  readonly states: number;
  /** How often a thread that can continue may be interrupted in one order; null: any number. */
  readonly preemptions: number | null;
  /** States are compared by their cells, not by 64 bits of hash. */
  readonly exact: boolean;
  readonly judgement: Judgement;
  /** Called when a state is entered, with its number; the kernel is at it. */
  readonly visit?: (state: number, k: Kernel) => void;
  /** The search ends at the first end that is not bad. */
  readonly untilGood?: boolean;
}

/** Chooses threads whose next steps are enough, out of those that can do one. */
export type Choose = (k: Kernel, ready: readonly number[]) => readonly number[];

/** The threads that a search lets do steps. */
export interface Moves {
  /** Those that can do one now, in the order of their numbers. */
  ready(k: Kernel): number[];
  step(k: Kernel, thread: number): void;
}

const ALL_MOVES: Moves = { ready: readyThreads, step: (k, thread) => k.step(thread) };

/** A state in which no thread can continue. */
export interface End extends Ending {
  readonly state: number;
}

export interface Space {
  readonly graph: StateGraph;
  readonly ends: readonly End[];
  readonly states: number;
  /** Every state was entered. */
  readonly closed: boolean;
  /** A state leads back to itself: there are orders without an end. */
  readonly cyclic: boolean;
}

/** The first state of a search. */
export const ROOT = 0;

const EVERY_THREAD: Choose = (_, ready) => ready;
const NO_THREAD = -1;

/** A state whose steps are being tried. */
interface Frame {
  readonly state: number;
  readonly moment: number;
  readonly threads: readonly number[];
  /** The thread that led here; it could continue if it is among `ready`. */
  readonly last: number;
  readonly lastIsReady: boolean;
  readonly preemptions: number;
  /** Where the edges of the state begin in the stack of edges. */
  readonly firstEdge: number;
  next: number;
}

/** @param k the kernel at the state to begin at; it is there again at the end */
export function searchStates(
  k: Kernel,
  limits: SearchLimits,
  choose: Choose = EVERY_THREAD,
  moves: Moves = ALL_MOVES,
): Space {
  return new DepthFirst(k, limits, choose, moves).run();
}

class DepthFirst {
  readonly #graph = new StateGraph();
  readonly #table: StateTable;
  readonly #ends: End[] = [];
  readonly #stack: Frame[] = [];
  /** Pairs of a target and a thread, of all states on the stack. */
  readonly #edges: number[] = [];
  #closed = true;
  #cyclic = false;

  constructor(
    private readonly k: Kernel,
    private readonly limits: SearchLimits,
    private readonly choose: Choose,
    private readonly moves: Moves,
  ) {
    this.#table = new StateTable(limits.exact);
  }

  run(): Space {
    this.#enter(NO_THREAD, 0);
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      if (this.limits.untilGood === true && this.#ends.at(-1)?.isBad === false) {
        this.k.cells.undo(this.#stack[0].moment);
        break;
      }
      if (frame.next < frame.threads.length) this.#step(frame, frame.threads[frame.next++]);
      else this.#leave(frame);
    }
    const [graph, ends, states] = [this.#graph, this.#ends, this.#table.size];
    return { graph, ends, states, closed: this.#closed, cyclic: this.#cyclic };
  }

  #step(frame: Frame, thread: number): void {
    const { k, limits } = this;
    const isPreemption = frame.lastIsReady && thread !== frame.last;
    const preemptions = frame.preemptions + Number(isPreemption);
    if (limits.preemptions !== null && preemptions > limits.preemptions) return;
    k.cells.undo(frame.moment);
    this.moves.step(k, thread);
    const known = this.#find(thread, preemptions);
    if (known >= 0) {
      if (!this.#graph.isClosed(known)) this.#cyclic = true;
      this.#edges.push(known, thread);
    } else if (this.#table.size >= limits.states) this.#closed = false;
    else {
      this.#edges.push(this.#table.size, thread);
      this.#enter(thread, preemptions);
    }
  }

  #find(thread: number, preemptions: number): number {
    const { low, high } = this.k.cells;
    return this.#table.find(low ^ this.#salt(thread, preemptions), high, () =>
      this.#key(thread, preemptions),
    );
  }

  /** With a bound, what is possible depends on the thread that runs and on what is left. */
  #salt(thread: number, preemptions: number): number {
    if (this.limits.preemptions === null) return 0;
    return Math.imul((preemptions << 8) + thread + 2, 0x9e37_79b1);
  }

  /** Cells that are not 0, with their values. */
  #key(thread: number, preemptions: number): Int32Array {
    const key = this.limits.preemptions === null ? [] : [thread, preemptions];
    for (const [cell, value] of this.k.cells.copy().entries()) {
      if (value !== 0) key.push(cell, value);
    }
    return Int32Array.from(key);
  }

  #enter(last: number, preemptions: number): void {
    const { k } = this;
    const { low, high, moment } = k.cells;
    const state = this.#table.add(low ^ this.#salt(last, preemptions), high, () =>
      this.#key(last, preemptions),
    );
    this.limits.visit?.(state, k);
    const ready = this.moves.ready(k);
    if (ready.length === 0) this.#end(state);
    this.#stack.push({
      state,
      moment,
      threads: this.choose(k, ready),
      last,
      lastIsReady: ready.includes(last),
      preemptions,
      firstEdge: this.#edges.length,
      next: 0,
    });
  }

  #end(state: number): void {
    const outcome = outcomeOf(this.k, this.#stack.length);
    this.#ends.push({ state, ...endingOf(this.k, outcome, this.limits.judgement) });
  }

  #leave({ state, moment, firstEdge }: Frame): void {
    this.#graph.close(state, this.#edges, firstEdge);
    this.#edges.length = firstEdge;
    this.#stack.pop();
    this.k.cells.undo(moment);
  }
}
