/**
 * From the bytes of a word straight to what was made of it before, so that a word that comes back
 * costs no string: device names, event names, file descriptors.
 */

/** Words past this many are made anew each time: no input decides how much is held. */
const WORDS_MAX = 1 << 14;
const WORD_BYTES_MAX = 256;

interface Entry<T> {
  readonly bytes: Uint8Array;
  readonly made: T;
  readonly next: Entry<T> | undefined;
}

export class Interner<T> {
  readonly #entries = new Map<number, Entry<T>>();
  readonly #make: (word: string) => T;
  #size = 0;
  #last: Entry<T> | undefined;

  /** @param make what to make of a word; called once per word, or each time once many are held */
  constructor(make: (word: string) => T) {
    this.#make = make;
  }

  /** What was made of the word at `bytes[start..end)`. */
  get(bytes: Uint8Array, start: number, end: number): T {
    if (this.#last !== undefined && equal(this.#last.bytes, bytes, start, end)) {
      return this.#last.made;
    }
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
    const first = this.#entries.get(hash);
    for (let entry = first; entry !== undefined; entry = entry.next) {
      if (equal(entry.bytes, bytes, start, end)) {
        this.#last = entry;
        return entry.made;
      }
    }
    const word = Buffer.from(bytes.subarray(start, end));
    const made = this.#make(word.toString());
    if (this.#size < WORDS_MAX && word.byteLength <= WORD_BYTES_MAX) {
      this.#size++;
      this.#entries.set(hash, { bytes: word, made, next: first });
    }
    return made;
  }
}

function equal(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let i = 0; i < word.length; i++) {
    if (word[i] !== bytes[start + i]) return false;
  }
  return true;
}
