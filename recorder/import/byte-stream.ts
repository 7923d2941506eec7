/** Binary input as a stream: so many bytes at a time, however the input is cut into chunks. */
import type { Input } from './input-stream.js';

export class ByteStream {
  /** Holds the bytes asked for; valid until the next `need`. */
  bytes: Buffer = Buffer.alloc(0);
  /** Where the bytes not taken yet start in `bytes`. */
  at = 0;
  readonly #chunks: Iterator<Buffer>;
  #base = 0;

  constructor(input: Pick<Input, 'chunks'>) {
    this.#chunks = input.chunks()[Symbol.iterator]();
  }

  /** Byte offset in the (decompressed) input of what is taken next. */
  get offset(): number {
    return this.#base + this.at;
  }

  /**
   * Makes `count` bytes available at `at`; false when the input ends before.
   * @param count bounded by the caller: so many bytes may be held
   */
  need(count: number): boolean {
    while (this.bytes.byteLength - this.at < count) {
      const chunk = this.#chunks.next();
      if (chunk.done === true) return false;
      const rest = this.bytes.subarray(this.at);
      this.#base += this.at;
      this.at = 0;
      this.bytes = rest.byteLength === 0 ? chunk.value : Buffer.concat([rest, chunk.value]);
    }
    return true;
  }
}
