/** A growing list of sequence numbers, eight bytes each: a trace may have many millions. */
export class SeqList {
  #values = new Float64Array(1024);
  #length = 0;

  push(seq: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = seq;
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}
