/**
 * perf and Perfetto copy the buffers of the CPUs in turn, so that the records of their files are in
 * order only for each CPU. A round of perf's ends when all buffers were copied once. No record
 * older than the newest one of the round before can follow (perf ordered-events.c).
 */

/** The most bytes held where no rounds are marked; perf's own limit is half of the memory. */
const HELD_BYTES_MAX = 1 << 26;
const ARENA_BYTES = 1 << 20;
const TWO_32 = 2 ** 32;

/** @param tag the value that was passed when the record was added */
export type RecordHandler = (view: DataView, start: number, end: number, tag: number) => void;

export class TimeOrder {
  #arena = Buffer.allocUnsafe(ARENA_BYTES);
  #used = 0;
  /** Of each record held: its time after the first one's, its place, and where it ends. */
  #times: number[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  #tags: number[] = [];
  /** High word of the first time; times count from there, exactly for 104 days of nanoseconds. */
  #origin = -1;
  #newest = Number.NEGATIVE_INFINITY;
  /** Everything up to here is complete when the next round ends. */
  #complete = Number.NEGATIVE_INFINITY;

  constructor(private readonly handle: RecordHandler) {}

  /** Keeps a copy of a record until its turn comes. */
  add(bytes: Uint8Array, timeLow: number, timeHigh: number, tag = 0): void {
    if (this.#origin < 0) this.#origin = timeHigh;
    const time = (timeHigh - this.#origin) * TWO_32 + timeLow;
    if (this.#used + bytes.byteLength > HELD_BYTES_MAX) this.#makeRoom();
    this.#reserve(bytes.byteLength);
    this.#arena.set(bytes, this.#used);
    this.#times.push(time);
    this.#tags.push(tag);
    this.#starts.push(this.#used);
    this.#used += bytes.byteLength;
    this.#ends.push(this.#used);
    if (time > this.#newest) this.#newest = time;
  }

  endRound(): void {
    this.#flush(this.#complete);
    this.#complete = this.#newest;
  }

  end(): void {
    this.#flush(Number.POSITIVE_INFINITY);
  }

  /** Passes on the older half by time, or everything if that half is empty. */
  #makeRoom(): void {
    const oldest = this.#times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    this.#flush(oldest + (this.#newest - oldest) / 2);
    if (this.#used > HELD_BYTES_MAX / 2) this.end();
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#arena.byteLength) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#arena.byteLength, this.#used + bytes));
    larger.set(this.#arena.subarray(0, this.#used));
    this.#arena = larger;
  }

  /**
   * Passes on the records up to `limit` by time; among equal times, in the order they were read.
   */
  #flush(limit: number): void {
    const [times, starts, ends] = [this.#times, this.#starts, this.#ends];
    const due: number[] = [];
    for (let i = 0; i < times.length; i++) if (times[i] <= limit) due.push(i);
    if (due.length === 0) return;
    due.sort((a, b) => times[a] - times[b] || a - b);
    const { buffer, byteOffset, byteLength } = this.#arena;
    const view = new DataView(buffer, byteOffset, byteLength);
    for (const i of due) this.handle(view, starts[i], ends[i], this.#tags[i]);
    this.#keep((i) => times[i] > limit, due.length);
  }

  /** Moves the rest to the front. */
  #keep(isKept: (i: number) => boolean, gone: number): void {
    const [times, starts, ends, tags] = [this.#times, this.#starts, this.#ends, this.#tags];
    this.#times = [];
    this.#tags = [];
    this.#starts = [];
    this.#ends = [];
    this.#used = 0;
    if (gone === times.length) return;
    for (let i = 0; i < times.length; i++) {
      if (!isKept(i)) continue;
      this.#arena.copyWithin(this.#used, starts[i], ends[i]);
      this.#times.push(times[i]);
      this.#tags.push(tags[i]);
      this.#starts.push(this.#used);
      this.#used += ends[i] - starts[i];
      this.#ends.push(this.#used);
    }
  }
}
