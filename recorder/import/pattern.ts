/**
 * Bytes that are looked for where a line goes on: a literal, or what stood there in the line
 * before. They are compared four at a time, which costs a quarter of a loop over bytes.
 */

const WORD_BYTES = 4;

export class Pattern {
  /** Number of bytes; a pattern of none is found nowhere. */
  length = 0;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  /** The last four bytes, which overlap the last whole word. */
  #last = 0;

  /** @param capacity the most bytes that may be kept */
  constructor(readonly capacity: number) {
    this.#bytes = new Uint8Array(Math.min(capacity, WORD_BYTES));
    this.#words = new Int32Array(capacity >> 2);
  }

  static of(literal: Uint8Array): Pattern {
    const pattern = new Pattern(literal.length);
    pattern.keep(viewOf(literal), 0, literal.length);
    return pattern;
  }

  /** Takes over the bytes `[start, end)`; none when there are more than may be kept. */
  keep(view: DataView, start: number, end: number): void {
    const length = end - start;
    this.length = length > this.capacity ? 0 : length;
    const short = Math.min(this.length, WORD_BYTES);
    for (let i = 0; i < short; i++) this.#bytes[i] = view.getUint8(start + i);
    if (this.length < WORD_BYTES) return;
    for (let i = 0; i + WORD_BYTES <= length; i += WORD_BYTES) {
      this.#words[i >> 2] = view.getInt32(start + i, true);
    }
    this.#last = view.getInt32(end - WORD_BYTES, true);
  }

  /** Whether the bytes stand at `at`, before `end`. */
  isAt(view: DataView, at: number, end: number): boolean {
    const { length } = this;
    if (length === 0 || at + length > end) return false;
    if (length < WORD_BYTES) return this.#isShortAt(view, at);
    const words = this.#words;
    const whole = length >> 2;
    for (let i = 0; i < whole; i++) {
      if (view.getInt32(at + i * WORD_BYTES, true) !== words[i]) return false;
    }
    return view.getInt32(at + length - WORD_BYTES, true) === this.#last;
  }

  #isShortAt(view: DataView, at: number): boolean {
    for (let i = 0; i < this.length; i++) {
      if (view.getUint8(at + i) !== this.#bytes[i]) return false;
    }
    return true;
  }
}

/** The same bytes, to be read as words. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
