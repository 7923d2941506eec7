import type { Cells } from './cells.js';

/** A list of pointers whose order counts, in cells: its length, then its entries. */
export class OrderedList {
  readonly #first: number;

  /** @param most how many entries it has at most */
  constructor(
    private readonly cells: Cells,
    most: number,
  ) {
    this.#first = cells.allocate(1 + most);
  }

  get length(): number {
    return this.cells.get(this.#first);
  }

  /** The entry at an index from 0; 0 after the end. */
  at(place: number): number {
    return place < this.length ? this.cells.get(this.#first + 1 + place) : 0;
  }

  /** The place of an entry; -1 when it is not in the list. */
  indexOf(entry: number): number {
    const { length } = this;
    for (let i = 0; i < length; i++) if (this.cells.get(this.#first + 1 + i) === entry) return i;
    return -1;
  }

  push(entry: number): void {
    const { length } = this;
    this.cells.set(this.#first + 1 + length, entry);
    this.cells.set(this.#first, length + 1);
  }

  remove(entry: number): void {
    const at = this.indexOf(entry);
    if (at < 0) return;
    const { length } = this;
    for (let i = at; i < length; i++) {
      const next = i + 1 < length ? this.cells.get(this.#first + 2 + i) : 0;
      this.cells.set(this.#first + 1 + i, next);
    }
    this.cells.set(this.#first, length - 1);
  }
}
