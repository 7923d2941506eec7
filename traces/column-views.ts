/**
 * Decoded columns of one batch. Reading a value allocates no object; `has` says whether it is null.
 */
import { fromWords } from './base/words.js';

/**
 * Whether a row is not null. Faster than `has` when a loop reads columns of several types, because
 * `has` is then called on objects of several classes.
 */
export const isPresent = (bits: Uint8Array | null, row: number): boolean =>
  bits === null || ((bits[row >> 3] >> (row & 7)) & 1) === 1;

/** Knows which rows of a column are not null. */
export class Validity {
  /** @param bits Arrow validity bitmap, or null when no row is null */
  constructor(readonly bits: Uint8Array | null) {}

  /** Whether every row is null. */
  get isEmpty(): boolean {
    return this.bits?.every((byte) => byte === 0) === true;
  }

  /** Number of nulls among the first `rows` rows. */
  nulls(rows: number): number {
    let nulls = 0;
    for (let row = 0; row < rows; row++) if (!this.has(row)) nulls++;
    return nulls;
  }

  has(row: number): boolean {
    return isPresent(this.bits, row);
  }
}

export class IntView extends Validity {
  constructor(
    bits: Uint8Array | null,
    readonly values: Uint32Array | Uint16Array | Int16Array,
  ) {
    super(bits);
  }

  /** The value, or 0 for null. */
  at(row: number): number {
    return this.values[row];
  }
}

const TWO_32 = 0x1_0000_0000;

/** 64-bit integers: as words for speed, as a number if it fits, or as a bigint. */
export class WordView extends Validity {
  constructor(
    bits: Uint8Array | null,
    /** The low and the high word of each row. */
    readonly words: Uint32Array,
    readonly signed: boolean,
  ) {
    super(bits);
  }

  low(row: number): number {
    return this.words[row * 2];
  }

  high(row: number): number {
    return this.words[row * 2 + 1];
  }

  /** The value as a number: exact up to 53 bits, the nearest double beyond. */
  number(row: number): number {
    const high = this.words[row * 2 + 1];
    return (this.signed ? high | 0 : high) * TWO_32 + this.words[row * 2];
  }

  big(row: number): bigint {
    const value = fromWords(this.words[row * 2], this.words[row * 2 + 1]);
    return this.signed ? BigInt.asIntN(64, value) : value;
  }
}

/** A string column by dictionary ids, which are the same in all batches of a trace. */
export class DictView extends Validity {
  constructor(
    bits: Uint8Array | null,
    readonly ids: Int32Array,
    readonly entries: readonly string[],
  ) {
    super(bits);
  }

  at(row: number): string | null {
    return this.has(row) ? this.entries[this.ids[row]] : null;
  }

  /** The id, or -1 for null. */
  id(row: number): number {
    return this.has(row) ? this.ids[row] : -1;
  }
}

export class BytesView extends Validity {
  constructor(
    bits: Uint8Array | null,
    readonly offsets: Int32Array,
    readonly bytes: Buffer,
  ) {
    super(bits);
  }

  at(row: number): Buffer | null {
    if (!this.has(row)) return null;
    return this.bytes.subarray(this.offsets[row], this.offsets[row + 1]);
  }

  text(row: number): string | null {
    if (!this.has(row)) return null;
    return this.bytes.toString('utf8', this.offsets[row], this.offsets[row + 1]);
  }
}
