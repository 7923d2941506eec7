/**
 * Maps the seq of a begin in a trace to its seq in the copy. Bounded, because a trace may hold any
 * number of begins that never end.
 */
import { assert } from './assert.js';
import { firstIndex } from './base/first-index.js';
import { type Seq, toSeq } from './units.js';

/** The most begins that may be open at a time; the oldest are forgotten first. 64 MiB. */
const OPEN_MAX = 1 << 22;
/** Ended begins that can still be linked to: an aligned event follows its access closely. */
const ENDED_KEPT = 1 << 12;
const CAPACITY_FIRST = 1 << 14;

export class Begins {
  /**
   * Old seqs, ascending, each with its new seq. The new seq is stored as -1 minus itself once the
   * begin has ended.
   */
  #from = new Float64Array(CAPACITY_FIRST);
  #to = new Float64Array(CAPACITY_FIRST);
  #size = 0;
  /** Begins with an old seq below this may have been forgotten. */
  #forgottenBelow = 0;

  /** @param openMax the most open begins to remember */
  constructor(private readonly openMax = OPEN_MAX) {}

  /** @param from larger than every seq added before */
  add(from: number, to: Seq): void {
    assert(this.#size === 0 || from > this.#from[this.#size - 1], 'begins come in order');
    if (this.#size === this.#from.length) this.#makeRoom();
    this.#from[this.#size] = from;
    this.#to[this.#size++] = to;
  }

  /** The new seq of a begin that is open or has ended recently, or null. */
  find(from: number): Seq | null {
    const at = this.#find(from);
    if (at < 0) return null;
    const to = this.#to[at];
    return toSeq(to < 0 ? -1 - to : to);
  }

  /** Marks a begin as ended and returns its new seq. */
  end(from: number): Seq | null {
    const at = this.#find(from);
    if (at < 0) return null;
    const to = this.#to[at];
    if (to >= 0) this.#to[at] = -1 - to;
    return toSeq(to < 0 ? -1 - to : to);
  }

  /** Whether a begin that is not found may have been forgotten while it was open. */
  mayBeForgotten(from: number): boolean {
    return from < this.#forgottenBelow;
  }

  #find(from: number): number {
    const at = firstIndex(this.#size, (i) => this.#from[i] >= from);
    return at < this.#size && this.#from[at] === from ? at : -1;
  }

  /** Drops most ended begins, and the oldest open ones when there are too many. */
  #makeRoom(): void {
    let open = 0;
    for (let i = 0; i < this.#size; i++) if (this.#to[i] >= 0) open++;
    const forget = Math.max(0, open - this.openMax / 2);
    const isFull = forget > 0 && open >= this.openMax;
    const ended = this.#size - open;
    this.#keep(isFull ? forget : 0, ended - Math.min(ended, ENDED_KEPT));
    if (this.#size > this.#from.length / 2 && !isFull) this.#grow();
  }

  /** Drops the first `open` entries that are open, and the first `ended` that are not. */
  #keep(open: number, ended: number): void {
    let [openLeft, endedLeft, kept] = [open, ended, 0];
    for (let i = 0; i < this.#size; i++) {
      const isOpen = this.#to[i] >= 0;
      if (isOpen && openLeft > 0) {
        openLeft--;
        this.#forgottenBelow = this.#from[i] + 1;
      } else if (!isOpen && endedLeft > 0) {
        endedLeft--;
      } else {
        this.#from[kept] = this.#from[i];
        this.#to[kept++] = this.#to[i];
      }
    }
    this.#size = kept;
  }

  #grow(): void {
    const [from, to] = [this.#from, this.#to];
    this.#from = new Float64Array(from.length * 2);
    this.#to = new Float64Array(from.length * 2);
    this.#from.set(from);
    this.#to.set(to);
  }
}
