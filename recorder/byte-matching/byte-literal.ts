/**
 * Bytes to match at the current position of a line: a literal, or the bytes at the same place of
 * the line before. They are compared four at a time, which costs a quarter of a loop over bytes.
 */

const WORD_BYTES = 4;

export class ByteLiteral {
  /** Number of bytes; an empty one matches nowhere. */
  length = 0;
  readonly #words: Int32Array;
  /** The last four bytes, which overlap the last whole word; or all, when there are fewer. */
  #last = 0;
  /** The bits of a word that count when there are fewer than four bytes. */
  #mask = -1;

  /** @param capacity the most bytes to keep */
  constructor(readonly capacity: number) {
    this.#words = new Int32Array(capacity >> 2);
  }

  static of(literal: Uint8Array): ByteLiteral {
    const pattern = new ByteLiteral(literal.length);
    pattern.keep(viewOf(literal), 0, literal.length);
    return pattern;
  }

  /** Copies the bytes `[start, end)`; becomes empty when there are more than `capacity`. */
  keep(view: DataView, start: number, end: number): void {
    const length = end - start;
    this.length = length > this.capacity ? 0 : length;
    if (this.length < WORD_BYTES) this.#keepShort(view, start);
    else {
      for (let i = 0; i + WORD_BYTES <= length; i += WORD_BYTES) {
        this.#words[i >> 2] = view.getInt32(start + i, true);
      }
      this.#last = view.getInt32(end - WORD_BYTES, true);
    }
  }

  #keepShort(view: DataView, start: number): void {
    this.#last = 0;
    this.#mask = 0;
    for (let i = 0; i < this.length; i++) {
      this.#last |= view.getUint8(start + i) << (i * 8);
      this.#mask |= 0xff << (i * 8);
    }
  }

  /** Whether the bytes are at `at`, before `end`. */
  isAt(view: DataView, at: number, end: number): boolean {
    const { length } = this;
    if (length === 0 || at + length > end) return false;
    if (length < WORD_BYTES) {
      if (at + WORD_BYTES > view.byteLength) return this.#isShortAt(view, at);
      return (view.getInt32(at, true) & this.#mask) === this.#last;
    }
    const words = this.#words;
    const whole = length >> 2;
    for (let i = 0; i < whole; i++) {
      if (view.getInt32(at + i * WORD_BYTES, true) !== words[i]) return false;
    }
    return view.getInt32(at + length - WORD_BYTES, true) === this.#last;
  }

  /** The same where no whole word is left to read. */
  #isShortAt(view: DataView, at: number): boolean {
    for (let i = 0; i < this.length; i++) {
      if (view.getUint8(at + i) !== ((this.#last >>> (i * 8)) & 0xff)) return false;
    }
    return true;
  }
}

/** The same bytes, to be read as words. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
