/**
 * The lines of an input as a cursor over its chunks: no object per line, and never more than one
 * line and one chunk in memory.
 */
import type { Input } from './input-stream.js';

const NEWLINE = 0x0a;
/**
 * A longer line is handed out in pieces of this size, so that no input decides how much is held.
 */
export const LINE_BYTES_MAX = 1 << 20;

export class LineReader {
  /** The buffer that holds the current line; valid until the next call of `next`. */
  bytes: Buffer = Buffer.alloc(0);
  /** Where the current line starts in `bytes`. */
  start = 0;
  /** Where it ends in `bytes`, without its newline. */
  end = 0;
  /** Number of the current line, from 1; the pieces of an overlong line count as lines. */
  line = 0;
  /** False when the input ended in the middle of the current line. */
  complete = true;

  readonly #chunks: Iterator<Buffer>;
  /** Where the line after the current one starts in `bytes`. */
  #next = 0;
  /** The chunk whose first part was joined to the cut line before it. */
  #rest: Buffer | null = null;
  /** Offset in the input of the first byte of `bytes`. */
  #base = 0;

  constructor(input: Pick<Input, 'chunks'>) {
    this.#chunks = input.chunks()[Symbol.iterator]();
  }

  /** Byte offset of the current line in the (decompressed) input. */
  get offset(): number {
    return this.#base + this.start;
  }

  /** Moves to the next line; false at the end of the input. */
  next(): boolean {
    const end = this.bytes.indexOf(NEWLINE, this.#next);
    if (end < 0 || end - this.#next > LINE_BYTES_MAX) return this.#refill();
    return this.#found(end, end + 1);
  }

  /**
   * The current line as text, one character per byte: for parsing text that is known to be ASCII.
   */
  latin1(): string {
    return this.bytes.toString('latin1', this.start, this.end);
  }

  /** The current line as UTF-8 text; invalid sequences become U+FFFD. */
  text(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  #found(end: number, next: number): true {
    this.start = this.#next;
    this.end = end;
    this.#next = next;
    this.line++;
    return true;
  }

  /** Reads chunks until a line is whole or as long as a line may be. */
  #refill(): boolean {
    for (;;) {
      const held = this.bytes.byteLength - this.#next;
      if (held > LINE_BYTES_MAX) {
        const end = this.#next + LINE_BYTES_MAX;
        return this.#found(end, end);
      }
      const chunk = this.#chunk();
      if (chunk === null) return this.#last();
      this.#base += this.#next;
      this.bytes = held === 0 ? chunk : this.#join(chunk);
      this.#next = 0;
      const end = this.bytes.indexOf(NEWLINE, held);
      if (end >= 0 && end <= LINE_BYTES_MAX) return this.#found(end, end + 1);
    }
  }

  /** The rest of a chunk whose first bytes ended a line, or the next chunk. */
  #chunk(): Buffer | null {
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null) return rest;
    const next = this.#chunks.next();
    return next.done === true ? null : next.value;
  }

  /** The line that is cut by the end of `bytes`, and the part of `chunk` that ends it. */
  #join(chunk: Buffer): Buffer {
    const newline = chunk.indexOf(NEWLINE);
    const cut = newline < 0 ? chunk.byteLength : newline + 1;
    if (cut < chunk.byteLength) this.#rest = chunk.subarray(cut);
    return Buffer.concat([this.bytes.subarray(this.#next), chunk.subarray(0, cut)]);
  }

  /** What the input has after its last newline, if anything. */
  #last(): boolean {
    const end = this.bytes.byteLength;
    if (this.#next === end) return false;
    this.complete = false;
    return this.#found(end, end);
  }
}
