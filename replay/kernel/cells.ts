/**
 * The state of the kernel that runs: integers in cells, with one function that writes them. Every
 * write goes into an undo log and into a hash, so that a search can undo a step at the cost of its
 * writes, and recognises an earlier state by 64 bits.
 */
import { assert } from '../../traces/index.js';

const HALF_AVALANCHE = 0x85eb_ca6b;
const OTHER_AVALANCHE = 0xc2b2_ae35;

/** A 32-bit word for a cell that holds a value; a cell that holds 0 counts for nothing. */
function zobrist(cell: number, value: number, salt: number): number {
  if (value === 0) return 0;
  let h = Math.imul(cell + 1, 0x9e37_79b1) ^ Math.imul(value ^ salt, 0x85eb_ca77);
  h = Math.imul(h ^ (h >>> 16), HALF_AVALANCHE);
  h = Math.imul(h ^ (h >>> 13), OTHER_AVALANCHE);
  return h ^ (h >>> 16);
}

const digitsOf = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

const SALT_LOW = 0x2545_f491;
const SALT_HIGH = 0x6c07_8965;

/** A set of cells that a log adds to. */
interface CellMarks {
  add(cell: number): unknown;
}

/** Which cells a step read and wrote. */
export interface CellLog<Marks extends CellMarks = Set<number>> {
  readonly reads: Marks;
  readonly writes: Marks;
  /** Cells of both that were read or written otherwise than by `add`. */
  readonly plain: Marks;
}

export class Cells {
  #cells = new Int32Array(256);
  #used = 0;
  /** Pairs of a cell and what it held before. */
  #undo = new Int32Array(1024);
  #undone = 0;
  #low = 0;
  #high = 0;
  #log: CellLog<CellMarks> | null = null;

  /** Makes new cells, which hold 0 and change no hash. @returns the first of them */
  allocate(count: number): number {
    const first = this.#used;
    this.#used += count;
    if (this.#used > this.#cells.length) {
      const more = new Int32Array(Math.max(this.#used, 2 * this.#cells.length));
      more.set(this.#cells);
      this.#cells = more;
    }
    return first;
  }

  get(cell: number): number {
    if (this.#log !== null) {
      this.#log.reads.add(cell);
      this.#log.plain.add(cell);
    }
    return this.#cells[cell];
  }

  set(cell: number, value: number): void {
    // A write outside of the allocated cells would change only the hash.
    assert(cell >= 0 && cell < this.#used, 'a cell was allocated');
    if (this.#log !== null) {
      this.#log.writes.add(cell);
      this.#log.plain.add(cell);
    }
    const before = this.#cells[cell];
    if (before === value) return;
    if (this.#undone + 2 > this.#undo.length) this.#growUndo();
    this.#undo[this.#undone++] = cell;
    this.#undo[this.#undone++] = before;
    this.#put(cell, before, value);
  }

  /** Adds to a cell. Additions of several threads can be done in any order. */
  add(cell: number, count: number): void {
    const log = this.#log;
    this.#log = null;
    this.set(cell, this.#cells[cell] + count);
    this.#log = log;
    log?.reads.add(cell);
    log?.writes.add(cell);
  }

  #put(cell: number, before: number, value: number): void {
    this.#low ^= zobrist(cell, before, SALT_LOW) ^ zobrist(cell, value, SALT_LOW);
    this.#high ^= zobrist(cell, before, SALT_HIGH) ^ zobrist(cell, value, SALT_HIGH);
    this.#cells[cell] = value;
  }

  #growUndo(): void {
    const more = new Int32Array(2 * this.#undo.length);
    more.set(this.#undo);
    this.#undo = more;
  }

  /** A moment that `undo` can go back to. */
  get moment(): number {
    return this.#undone;
  }

  /** Undoes every write since a moment. */
  undo(moment: number): void {
    assert(moment <= this.#undone, 'the writes since a moment are in the log');
    while (this.#undone > moment) {
      const before = this.#undo[--this.#undone];
      const cell = this.#undo[--this.#undone];
      this.#put(cell, this.#cells[cell], before);
    }
  }

  /** The log is no longer needed up to here: it is emptied, so that a long run uses no memory. */
  forgetUndo(): void {
    this.#undone = 0;
  }

  /** The words of the hash, for tables of states. */
  get low(): number {
    return this.#low;
  }

  get high(): number {
    return this.#high;
  }

  /** The hash of the state as 16 hexadecimal digits. */
  get hash(): string {
    return digitsOf(this.#high) + digitsOf(this.#low);
  }

  /** The hash computed from all cells, which the incremental one must equal. */
  hashFromScratch(): string {
    let [low, high] = [0, 0];
    for (let cell = 0; cell < this.#used; cell++) {
      low ^= zobrist(cell, this.#cells[cell], SALT_LOW);
      high ^= zobrist(cell, this.#cells[cell], SALT_HIGH);
    }
    return digitsOf(high) + digitsOf(low);
  }

  /** All cells, as a copy. */
  copy(): Int32Array {
    return this.#cells.slice(0, this.#used);
  }

  /** What `work` reads and writes. */
  logged(work: () => void): CellLog {
    const log: CellLog = { reads: new Set(), writes: new Set(), plain: new Set() };
    this.logInto(log, work);
    return log;
  }

  /** Adds what `work` reads and writes to a log. @returns what `work` returns */
  logInto<T>(log: CellLog<CellMarks>, work: () => T): T {
    this.#log = log;
    try {
      return work();
    } finally {
      this.#log = null;
    }
  }

  /** What `work` reads and writes. Its writes are taken back. */
  footprint(work: () => void): CellLog {
    const moment = this.#undone;
    try {
      return this.logged(work);
    } finally {
      this.undo(moment);
    }
  }
}
