/**
 * Memory for decoded columns, reused for every batch. Allocating memory costs half as much as
 * decompressing into it, and collecting it stops the program for milliseconds at a time.
 */
export class ColumnMemory {
  readonly #free = new Map<number, Uint8Array<ArrayBuffer>[]>();
  readonly #taken: Uint8Array<ArrayBuffer>[] = [];

  #scratch = Buffer.alloc(0);

  /** Memory that is used only until the next call. */
  scratch(size: number): Buffer {
    if (this.#scratch.length < size) this.#scratch = Buffer.allocUnsafeSlow(size * 2);
    return this.#scratch;
  }

  /** A separate buffer of `size` bytes with arbitrary content. */
  allocate(size: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#free.get(size)?.pop() ?? new Uint8Array(size);
    this.#taken.push(bytes);
    return bytes;
  }

  /** Makes all memory available again. Views of it that still exist will change. */
  reset(): void {
    // The last batch did not use these sizes. They belonged to another batch, and may not recur.
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
