import { assert } from './assert.js';

/**
 * The strings of one dictionary column: an append-only table in which a string keeps its id for the
 * whole trace, so that ids of different batches can be compared without looking at the strings.
 */
export class Dictionary {
  readonly #ids = new Map<string, number>();
  readonly #entries: string[] = [];

  constructor(entries: Iterable<string> = []) {
    for (const entry of entries) this.id(entry);
  }

  /** The id of `text`, given to it now when it is new. */
  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#entries.length;
      this.#ids.set(text, id);
      this.#entries.push(text);
    }
    return id;
  }

  /** The id of `text`, or undefined when the trace never used it. */
  find(text: string): number | undefined {
    return this.#ids.get(text);
  }

  at(id: number): string {
    assert(id >= 0 && id < this.#entries.length, `dictionary id ${id} out of range`);
    return this.#entries[id];
  }

  get size(): number {
    return this.#entries.length;
  }

  get entries(): readonly string[] {
    return this.#entries;
  }
}
