/**
 * Growing columns of one batch: preallocated typed arrays and validity bitmaps, written in place.
 * Nothing here allocates per event.
 */

/** What a column hands to the encoder: the Arrow buffers of the first `rows` rows. */
export interface ColumnBuffers {
  readonly nullCount: number;
  /** Validity bitmap, empty when nothing is null (Arrow columnar format, "Validity bitmaps"). */
  readonly validity: Uint8Array;
  /** Offsets and data of variable columns, or the one buffer of values. */
  readonly buffers: readonly Uint8Array[];
}

const bytesOf = (array: ArrayBufferView, length: number) =>
  new Uint8Array(array.buffer, array.byteOffset, length);

/** How many bits are set in each byte. */
const BITS_SET = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte.toString(2).replaceAll('0', '').length,
);

/** A function of its own: inside of others, the loop was compiled anew for every batch. */
function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) count += BITS_SET[bytes[i]];
  return count;
}

/** (Fields here are private by TypeScript: `#` costs a check in each of the hot setters.) */
abstract class Builder {
  private readonly bits: Uint8Array;

  constructor(capacity: number) {
    this.bits = new Uint8Array((capacity + 7) >> 3);
  }

  /** Marks row `row` as not null. */
  protected mark(row: number): void {
    this.bits[row >> 3] |= 1 << (row & 7);
  }

  protected isSet(row: number): boolean {
    return ((this.bits[row >> 3] >> (row & 7)) & 1) === 1;
  }

  protected validity(rows: number): Pick<ColumnBuffers, 'nullCount' | 'validity'> {
    const bits = this.bits.subarray(0, (rows + 7) >> 3);
    const nullCount = rows - countBits(bits);
    return { nullCount, validity: nullCount === 0 ? bits.subarray(0, 0) : bits };
  }

  protected clearValidity(): void {
    this.bits.fill(0);
  }

  abstract buffers(rows: number): ColumnBuffers;
  /** Forgets all rows; null rows of the next batch are zero, which compresses well. */
  abstract clear(rows: number): void;
}

/**
 * Integers of up to 32 bits, and dictionary ids. All are held in arrays of one type, because `set`
 * is a fifth slower when it sees two; narrow columns are narrowed when a batch is handed on.
 */
export class IntBuilder extends Builder {
  private readonly values: Int32Array;

  /** @param width bits of the column in the file; signed and unsigned ones have the same bytes */
  constructor(
    capacity: number,
    private readonly width: 16 | 32,
  ) {
    super(capacity);
    this.values = new Int32Array(capacity);
  }

  set(row: number, value: number): void {
    this.values[row] = value;
    this.mark(row);
  }

  buffers(rows: number): ColumnBuffers {
    const values = this.values.subarray(0, rows);
    const stored = this.width === 16 ? Int16Array.from(values) : values;
    return { ...this.validity(rows), buffers: [bytesOf(stored, stored.byteLength)] };
  }

  clear(rows: number): void {
    this.values.fill(0, 0, rows);
    this.clearValidity();
  }
}

const TWO_32 = 0x1_0000_0000;

const bigOf = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low);

/** 64-bit integers as pairs of 32-bit words, so that no bigint is allocated. */
export class WordBuilder extends Builder {
  private readonly words: Int32Array;

  constructor(capacity: number) {
    super(capacity);
    this.words = new Int32Array(capacity * 2);
  }

  /** Sets an integer of at most 53 bits; a negative one is stored in two's complement. */
  set(row: number, value: number): void {
    // Nearly all integers are small, and the high word of those is known without a division.
    const small = value >= 0 && value < TWO_32;
    this.words[row * 2] = value | 0;
    this.words[row * 2 + 1] = small ? 0 : Math.floor(value / TWO_32) | 0;
    this.mark(row);
  }

  /** Sets a 64-bit value from its low and high word. */
  setWords(row: number, low: number, high: number): void {
    this.words[row * 2] = low | 0;
    this.words[row * 2 + 1] = high | 0;
    this.mark(row);
  }

  /** Smallest and largest of the first `rows` values, taken as unsigned. */
  range(rows: number): { min: bigint; max: bigint } {
    const words = new Uint32Array(this.words.buffer);
    let [minLow, minHigh, maxLow, maxHigh] = [words[0], words[1], words[0], words[1]];
    for (let row = 1; row < rows; row++) {
      const [low, high] = [words[row * 2], words[row * 2 + 1]];
      if (high < minHigh || (high === minHigh && low < minLow)) {
        minLow = low;
        minHigh = high;
      } else if (high > maxHigh || (high === maxHigh && low > maxLow)) {
        maxLow = low;
        maxHigh = high;
      }
    }
    return { min: bigOf(minLow, minHigh), max: bigOf(maxLow, maxHigh) };
  }

  /**
   * Gives every null of the first `rows` rows the value before it. What stands in a null slot is
   * nobody's business in Arrow, and a copy costs less than a change to zero and back.
   */
  carry(rows: number): void {
    const words = this.words;
    for (let row = 1; row < rows; row++) {
      if (this.isSet(row)) continue;
      words[row * 2] = words[row * 2 - 2];
      words[row * 2 + 1] = words[row * 2 - 1];
    }
  }

  buffers(rows: number): ColumnBuffers {
    return { ...this.validity(rows), buffers: [bytesOf(this.words, rows * 8)] };
  }

  clear(rows: number): void {
    this.words.fill(0, 0, rows * 2);
    this.clearValidity();
  }
}

/** Bytes and UTF-8 text. Rows must be set in ascending order; rows not set are null. */
export class BytesBuilder extends Builder {
  readonly #offsets: Int32Array;
  #data = Buffer.alloc(1 << 12);
  #used = 0;
  /** Rows below this one have their end offset written. */
  #closed = 0;

  constructor(capacity: number) {
    super(capacity);
    this.#offsets = new Int32Array(capacity + 1);
  }

  get byteLength(): number {
    return this.#used;
  }

  setBytes(row: number, bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#data.set(bytes, this.#used);
    this.#close(row, bytes.byteLength);
  }

  /** Sets UTF-8 text; lone surrogates become U+FFFD. */
  setText(row: number, text: string): void {
    this.#reserve(text.length * 3);
    this.#close(row, this.#data.write(text, this.#used, 'utf8'));
  }

  /** Sets text from UTF-8 bytes; what is not valid becomes U+FFFD. ASCII is copied as it is. */
  setUtf8(row: number, bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    const data = this.#data;
    let to = this.#used;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (byte > 0x7f) {
        this.setText(row, bytes.toString('utf8', start, end));
        return;
      }
      data[to++] = byte;
    }
    this.#close(row, end - start);
  }

  buffers(rows: number): ColumnBuffers {
    this.#fill(rows);
    const offsets = bytesOf(this.#offsets, (rows + 1) * 4);
    return { ...this.validity(rows), buffers: [offsets, this.#data.subarray(0, this.#used)] };
  }

  clear(rows: number): void {
    this.#offsets.fill(0, 0, rows + 1);
    this.#used = 0;
    this.#closed = 0;
    this.clearValidity();
  }

  #close(row: number, length: number): void {
    this.#fill(row);
    this.#used += length;
    this.#offsets[row + 1] = this.#used;
    this.#closed = row + 1;
    this.mark(row);
  }

  /** Gives the null rows up to `row` an empty range. */
  #fill(row: number): void {
    for (let i = this.#closed; i < row; i++) this.#offsets[i + 1] = this.#used;
    this.#closed = Math.max(this.#closed, row);
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#data.byteLength) return;
    const grown = Buffer.alloc(Math.max(this.#data.byteLength * 2, this.#used + length));
    grown.set(this.#data.subarray(0, this.#used));
    this.#data = grown;
  }
}
