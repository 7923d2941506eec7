/**
 * Bytes that a record is expected to repeat: most of a trace's text is what the record before had.
 * Comparing words is several times faster than taking the text apart again.
 */
const WORD_BYTES = 4;

export class Template {
  length = 0;
  #words = new Uint32Array(32);
  #count = 0;

  /** Takes over a range of at least four bytes; a shorter one matches nothing. */
  learn(view: DataView, start: number, end: number): void {
    this.length = end - start;
    this.#count = Math.floor((this.length + WORD_BYTES - 1) / WORD_BYTES);
    if (this.#words.length < this.#count) this.#words = new Uint32Array(this.#count * 2);
    if (this.length < WORD_BYTES) this.#count = 0;
    for (let i = 0; i < this.#count; i++)
      this.#words[i] = view.getUint32(start + this.#at(i), true);
  }

  matches(view: DataView, at: number): boolean {
    const count = this.#count;
    if (count === 0 || at + this.length > view.byteLength) return false;
    const last = count - 1;
    for (let i = 0; i < last; i++) {
      if (view.getUint32(at + i * WORD_BYTES, true) !== this.#words[i]) return false;
    }
    return view.getUint32(at + this.length - WORD_BYTES, true) === this.#words[last];
  }

  /** Where word `i` is; the last one overlaps the one before it when the length is no multiple. */
  #at(i: number): number {
    return i === this.#count - 1 ? this.length - WORD_BYTES : i * WORD_BYTES;
  }
}
