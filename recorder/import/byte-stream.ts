/**
 * Binary input as a stream of byte ranges of any requested size, independent of the input's chunks.
 */
import type { Input } from './input-stream.js';

export class ByteStream {
  /** Holds the requested bytes; valid until the next `need`. */
  bytes: Buffer = Buffer.alloc(0);
  /** Index in `bytes` of the first unread byte. */
  at = 0;
  readonly #chunks: Iterator<Buffer>;
  #base = 0;

  constructor(input: Pick<Input, 'chunks'>) {
    this.#chunks = input.chunks()[Symbol.iterator]();
  }

  /** Byte offset of the first unread byte in the (decompressed) input. */
  get offset(): number {
    return this.#base + this.at;
  }

  /**
   * Makes `count` bytes available at `at`; false when the input ends before.
   * @param count bounded by the caller: this many bytes may be held
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
