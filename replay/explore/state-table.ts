/** Numbers for the states of a search, by the two words of their hash: open addressing. */
import { grown } from './grown.js';

const FIRST_SLOTS = 1 << 10;

export class StateTable {
  /** States so far: the next one gets this number. */
  size = 0;
  /** Number of a state plus one; 0 in a free slot. */
  #slots = new Int32Array(FIRST_SLOTS);
  #low = new Int32Array(FIRST_SLOTS);
  #high = new Int32Array(FIRST_SLOTS);
  readonly #keys: Int32Array[] | null;

  /** @param exact states with the same hash are compared by their whole keys */
  constructor(exact: boolean) {
    this.#keys = exact ? [] : null;
  }

  /**
   * The number of a state that the table has; -1 for another one.
   * @param key all that distinguishes states; used by an exact table only
   */
  find(low: number, high: number, key: () => Int32Array): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let whole: Int32Array | null = null;
    for (let slot = startOf(low, high, mask); slots[slot] !== 0; slot = (slot + 1) & mask) {
      const state = slots[slot] - 1;
      if (this.#low[state] !== low || this.#high[state] !== high) continue;
      if (this.#keys === null) return state;
      whole ??= key();
      if (areEqual(this.#keys[state], whole)) return state;
    }
    return -1;
  }

  /** Adds a state that the table does not have. @returns its number */
  add(low: number, high: number, key: () => Int32Array): number {
    const state = this.size++;
    if (state >= this.#low.length) {
      this.#low = grown(this.#low);
      this.#high = grown(this.#high);
    }
    this.#low[state] = low;
    this.#high[state] = high;
    this.#keys?.push(key());
    if (2 * this.size > this.#slots.length) this.#rehash();
    else this.#place(state);
    return state;
  }

  #place(state: number): void {
    const mask = this.#slots.length - 1;
    let slot = startOf(this.#low[state], this.#high[state], mask);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = state + 1;
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let state = 0; state < this.size; state++) this.#place(state);
  }
}

const startOf = (low: number, high: number, mask: number): number => (low ^ (high >>> 7)) & mask;

function areEqual(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
