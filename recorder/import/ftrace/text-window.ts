import type { Input } from '../input-stream.js';
import { NEWLINE } from './ascii.js';

/**
 * The part of an input that is being parsed. Records span lines, so positions are in a buffer that
 * reaches a good way beyond the current one; a longer record is cut.
 */
const REACH = 1 << 16;
const WINDOW_BYTES = 1 << 20;

export class TextWindow {
  /** Always the same buffer; only its content moves. */
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  readonly view: DataView = new DataView(this.bytes.buffer);
  /** Where the unparsed part begins. */
  at = 0;
  /** Where the bytes of the input end in the buffer. */
  end = 0;
  readonly #chunks: Iterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  /** Bytes of the chunk that were copied. */
  #taken = 0;
  /** Bytes of the input so far. */
  #total = 0;

  constructor(input: Pick<Input, 'chunks'>) {
    this.#chunks = input.chunks()[Symbol.iterator]();
  }

  /** Offset in the (decompressed) input of a place in the buffer. */
  offset(at: number): number {
    return this.#total - this.end + at;
  }

  /** Whether a line that ends at `end` has no line end, because the input ends in it. */
  isCut(end: number): boolean {
    return end === this.end && this.end - this.at < REACH;
  }

  /** Makes `REACH` bytes available, or all that are left; false when nothing is left. */
  reach(): boolean {
    if (this.end - this.at < REACH) this.#fill();
    return this.at < this.end;
  }

  /** The end of the line that `from` is in, without its newline, within reach. */
  lineEnd(from: number): number {
    const newline = this.bytes.indexOf(NEWLINE, from);
    const limit = Math.min(this.end, this.at + REACH);
    return newline < 0 || newline > limit ? limit : newline;
  }

  /** Continues after a line that ends at `end`. */
  goBehind(end: number): void {
    this.at = end < this.end && this.bytes[end] === NEWLINE ? end + 1 : end;
  }

  /** Moves the rest to the front and copies as much as fits after it. */
  #fill(): void {
    let moved = false;
    while (this.end - this.at < REACH) {
      if (this.#taken === this.#chunk.byteLength && !this.#next()) return;
      if (!moved) {
        this.bytes.copyWithin(0, this.at, this.end);
        this.end -= this.at;
        this.at = 0;
        moved = true;
      }
      const count = this.#chunk.copy(this.bytes, this.end, this.#taken);
      this.#taken += count;
      this.end += count;
      this.#total += count;
    }
  }

  #next(): boolean {
    const next = this.#chunks.next();
    if (next.done === true) return false;
    this.#chunk = next.value;
    this.#taken = 0;
    return true;
  }
}
