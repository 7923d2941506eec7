import type { Input } from '../input.js';
import { NEWLINE } from './ascii.js';

/**
 * The part of an input that is being parsed. Records span lines, so positions are in a buffer that
 * always reaches a good way beyond the current one; a longer record is cut.
 */
export const REACH = 1 << 16;

export class TextWindow {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the unparsed part begins. */
  at = 0;
  /** Where the buffer ends. */
  end = 0;
  readonly #chunks: Iterator<Buffer>;
  #base = 0;
  #last = false;

  constructor(input: Pick<Input, 'chunks'>) {
    this.#chunks = input.chunks()[Symbol.iterator]();
  }

  /** Offset of `at` in the input. */
  get offset(): number {
    return this.#base + this.at;
  }

  /** Makes `REACH` bytes available, or all that are left; false when nothing is left. */
  reach(): boolean {
    while (this.end - this.at < REACH && !this.#last) {
      const next = this.#chunks.next();
      if (next.done === true) {
        this.#last = true;
        break;
      }
      const rest = this.bytes.subarray(this.at, this.end);
      this.#base += this.at;
      this.bytes = rest.byteLength === 0 ? next.value : Buffer.concat([rest, next.value]);
      this.at = 0;
      this.end = this.bytes.byteLength;
      this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.end);
    }
    return this.at < this.end;
  }

  /** The end of the line that `from` is in, without its newline, within reach. */
  lineEnd(from: number): number {
    const newline = this.bytes.indexOf(NEWLINE, from);
    const limit = Math.min(this.end, this.at + REACH);
    return newline < 0 || newline > limit ? limit : newline;
  }

  /** Goes on behind a line that ends at `end`. */
  goBehind(end: number): void {
    this.at = end < this.end && this.bytes[end] === NEWLINE ? end + 1 : end;
  }
}
