import { assert } from './assert.js';
import { DICTIONARY_BYTES_MAX, DICTIONARY_ROWS_MAX } from './limits.js';

/** Replaces every string that did not fit into a full dictionary. */
export const OVERFLOW = '(dictionary full)';

/**
 * The strings of one dictionary column: an append-only table. A string keeps its id for the whole
 * trace, so ids of different batches can be compared without their strings. The table never exceeds
 * what a reader accepts; further strings become `OVERFLOW`.
 */
export class Dictionary {
  readonly #ids = new Map<string, number>();
  readonly #entries: string[] = [];
  #bytes = 0;

  constructor(entries: Iterable<string> = []) {
    for (const entry of entries) this.id(entry);
  }

  /** The id of `text`; assigns one if the text is new. */
  id(text: string): number {
    return this.#ids.get(text) ?? this.#add(text);
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

  #add(text: string): number {
    const bytes = Buffer.byteLength(text);
    const reserve = text === OVERFLOW ? 0 : OVERFLOW.length;
    const full =
      this.#entries.length + Math.sign(reserve) >= DICTIONARY_ROWS_MAX ||
      this.#bytes + bytes + reserve > DICTIONARY_BYTES_MAX;
    if (full) return this.id(OVERFLOW);
    const id = this.#entries.length;
    this.#ids.set(text, id);
    this.#entries.push(text);
    this.#bytes += bytes;
    return id;
  }
}
