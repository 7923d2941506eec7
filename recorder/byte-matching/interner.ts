/**
 * Maps the bytes of a word to the value made for it earlier, so that a repeated word needs no
 * string: device names, event names, file descriptors.
 */
import { ByteLiteral, viewOf } from './byte-literal.js';

/**
 * Words past this many get a new value each time, so that an input cannot decide how much memory is
 * used.
 */
const WORDS_MAX = 1 << 14;
const WORD_BYTES_MAX = 256;
const BUCKETS_MIN = 1 << 4;

interface Entry<T> {
  readonly hash: number;
  readonly word: ByteLiteral;
  readonly made: T;
  readonly next: Entry<T> | undefined;
}

export class Interner<T> {
  #buckets: (Entry<T> | undefined)[] = new Array(BUCKETS_MIN).fill(undefined);
  readonly #make: (word: string) => T;
  #size = 0;
  #last: Entry<T> | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = viewOf(this.#bytes);

  /**
   * @param make makes the value of a word; called once per word, or every time once many are held
   */
  constructor(make: (word: string) => T) {
    this.#make = make;
  }

  /** The value of the word at `bytes[start..end)`. */
  get(bytes: Uint8Array, start: number, end: number): T {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = viewOf(bytes);
    }
    const view = this.#view;
    const length = end - start;
    const last = this.#last;
    if (last !== undefined && last.word.length === length && last.word.isAt(view, start, end)) {
      return last.made;
    }
    const hash = hashOf(view, start, end);
    let entry = this.#buckets[hash & (this.#buckets.length - 1)];
    for (; entry !== undefined; entry = entry.next) {
      if (entry.hash !== hash || entry.word.length !== length) continue;
      if (entry.word.isAt(view, start, end)) {
        this.#last = entry;
        return entry.made;
      }
    }
    return this.#add(bytes, start, end, hash);
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number): T {
    const word = Buffer.from(bytes.subarray(start, end));
    const made = this.#make(word.toString());
    if (this.#size >= WORDS_MAX || word.byteLength > WORD_BYTES_MAX || word.byteLength === 0) {
      return made;
    }
    if (this.#size >= this.#buckets.length) this.#grow();
    this.#size++;
    const at = hash & (this.#buckets.length - 1);
    this.#buckets[at] = { hash, word: ByteLiteral.of(word), made, next: this.#buckets[at] };
    return made;
  }

  #grow(): void {
    const grown: (Entry<T> | undefined)[] = new Array(this.#buckets.length * 4).fill(undefined);
    for (let entry of this.#buckets) {
      for (; entry !== undefined; entry = entry.next) {
        const at = entry.hash & (grown.length - 1);
        grown[at] = { ...entry, next: grown[at] };
      }
    }
    this.#buckets = grown;
    this.#last = undefined;
  }
}

function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x9e37_79b1);
  return hash ^ (hash >>> 13);
}
