/**
 * Converts seconds and nanoseconds to the two words of a time in nanoseconds. Most events share the
 * second of the one before, whose words are cached.
 */
const NS_PER_S = 1_000_000_000;
const TWO_16 = 0x1_0000;
const TWO_32 = 0x1_0000_0000;

export class TimeWords {
  low = 0;
  high = 0;
  #second = 0;
  #secondLow = 0;
  #secondHigh = 0;

  /**
   * @param seconds at most 2^64 nanoseconds
   * @param nanoseconds below 2^32
   */
  set(seconds: number, nanoseconds: number): void {
    if (seconds !== this.#second) this.#newSecond(seconds);
    const low = this.#secondLow + nanoseconds;
    this.low = low < TWO_32 ? low : low - TWO_32;
    this.high = low < TWO_32 ? this.#secondHigh : this.#secondHigh + 1;
  }

  /** The product may have more than 53 bits, so it is computed from both halves of the seconds. */
  #newSecond(seconds: number): void {
    const high = Math.floor(seconds / TWO_16) * NS_PER_S;
    const low = (seconds % TWO_16) * NS_PER_S + (high % TWO_16) * TWO_16;
    this.#second = seconds;
    this.#secondLow = low % TWO_32;
    this.#secondHigh = Math.floor(high / TWO_16) + Math.floor(low / TWO_32);
  }
}
