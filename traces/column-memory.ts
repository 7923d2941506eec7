/**
 * Memory for decoded columns that is used again, batch after batch. New memory costs half as much
 * as decompressing into it, and giving it back stops the program for milliseconds at a time.
 */
export class ColumnMemory {
  readonly #free = new Map<number, Uint8Array<ArrayBuffer>[]>();
  readonly #taken: Uint8Array<ArrayBuffer>[] = [];

  #scratch = Buffer.alloc(0);

  /** Memory for what is looked at only until the next call. */
  scratch(size: number): Buffer {
    if (this.#scratch.length < size) this.#scratch = Buffer.allocUnsafeSlow(size * 2);
    return this.#scratch;
  }

  /** Bytes of whatever content, in a buffer of their own. */
  take(size: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#free.get(size)?.pop() ?? new Uint8Array(size);
    this.#taken.push(bytes);
    return bytes;
  }

  /** Takes everything back: views of it that are still around will change. */
  reset(): void {
    // Sizes that the last batch had no use for are those of another batch, which may not come back.
    this.#free.clear();
    for (const bytes of this.#taken) {
      const { byteLength } = bytes;
      const free = this.#free.get(byteLength);
      if (free === undefined) this.#free.set(byteLength, [bytes]);
      else free.push(bytes);
    }
    this.#taken.length = 0;
  }
}
