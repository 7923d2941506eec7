/** States and the steps between them, in typed arrays: states by number, edges by source. */
import { assert } from '../../traces/index.js';
import { grown } from './grown.js';

const FIRST = 1 << 10;

export class StateGraph {
  edges = 0;
  /** States whose edges are all known. */
  #closed = 0;
  /** Closed states in the order in which they were closed: a state comes after its successors. */
  #order = new Int32Array(FIRST);
  /** First edge of a state, whose edges go on to those of the state closed next; -1: it is open. */
  #first = new Int32Array(FIRST).fill(-1);
  #target = new Int32Array(FIRST);
  #thread = new Int32Array(FIRST);

  /** All edges of a state are known. @param found pairs of a target and the thread that steps */
  close(state: number, found: readonly number[], from: number): void {
    assert(!this.isClosed(state), 'a state is closed once');
    if (this.#closed === this.#order.length) this.#order = grown(this.#order);
    this.#order[this.#closed++] = state;
    while (state >= this.#first.length) this.#growStates();
    this.#first[state] = this.edges;
    for (let i = from; i < found.length; i += 2) this.#addEdge(found[i], found[i + 1]);
  }

  #addEdge(target: number, thread: number): void {
    if (this.edges === this.#target.length) {
      this.#target = grown(this.#target);
      this.#thread = grown(this.#thread);
    }
    this.#target[this.edges] = target;
    this.#thread[this.edges++] = thread;
  }

  #growStates(): void {
    const { length } = this.#first;
    this.#first = grown(this.#first);
    this.#first.fill(-1, length);
  }

  isClosed(state: number): boolean {
    return state < this.#first.length && this.#first[state] >= 0;
  }

  /** Calls `visit` for each edge, the edges into a state before those that leave it. */
  walk(visit: (from: number, to: number, thread: number) => void): void {
    let end = this.edges;
    for (let i = this.#closed - 1; i >= 0; i--) {
      const from = this.#order[i];
      const first = this.#first[from];
      for (let edge = first; edge < end; edge++) {
        visit(from, this.#target[edge], this.#thread[edge]);
      }
      end = first;
    }
  }
}
