import type { ByteSource } from '../../traces/index.js';

const WINDOW_BYTES = 1 << 18;

/** Small consecutive reads, served by few reads of the file. */
export class ReadAhead {
  #window: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(private readonly source: ByteSource) {}

  /** As `ByteSource.read`; the bytes are valid until the next read. */
  read(offset: number, length: number): Buffer {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#window.byteLength) {
      return this.#window.subarray(at, at + length);
    }
    this.#window = this.source.read(offset, Math.max(length, WINDOW_BYTES));
    this.#start = offset;
    return this.#window.subarray(0, length);
  }
}
