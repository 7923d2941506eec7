import { assert } from './assert.js';
import { bytesOf, type ColumnBuffers, countBits, NO_BYTES } from './column-buffers.js';

/** Bits that are 0 in four bytes of ASCII. */
const NOT_ASCII = 0x8080_8080 | 0;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

/** Bytes and UTF-8 text. Rows must be set in ascending order; rows not set are null. */
export class BytesBuilder {
  readonly #bits: Uint8Array;
  readonly #offsets: Int32Array;
  #data = Buffer.alloc(1 << 12);
  #view = viewOf(this.#data);
  /**
   * The bytes that the last text came from; consecutive texts usually come from the same buffer.
   */
  #source: Buffer = Buffer.alloc(0);
  #sourceView = viewOf(this.#source);
  #used = 0;
  /** Rows below this one have their end offset written. */
  #closed = 0;

  constructor(capacity: number) {
    this.#bits = new Uint8Array((capacity + 7) >> 3);
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

  /** Sets text from UTF-8 bytes; invalid sequences become U+FFFD. ASCII is copied unchanged. */
  setUtf8(row: number, bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceView = viewOf(bytes);
    }
    if (this.#copyAscii(start, end)) this.#close(row, end - start);
    else this.setText(row, bytes.toString('utf8', start, end));
  }

  /**
   * Copies ASCII from the source, four bytes at a time; returns false if it meets anything else.
   */
  #copyAscii(start: number, end: number): boolean {
    const [from, to, used] = [this.#sourceView, this.#view, this.#used];
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = from.getInt32(at, true);
      if ((word & NOT_ASCII) !== 0) return false;
      to.setInt32(used + at - start, word, true);
    }
    for (; at < end; at++) {
      const byte = from.getUint8(at);
      if (byte > 0x7f) return false;
      to.setUint8(used + at - start, byte);
    }
    return true;
  }

  buffers(rows: number): ColumnBuffers {
    this.#fill(rows);
    const offsets = bytesOf(this.#offsets, (rows + 1) * 4);
    const bits = this.#bits.subarray(0, (rows + 7) >> 3);
    const nullCount = rows - countBits(bits);
    const validity = nullCount === 0 ? NO_BYTES : bits;
    return { nullCount, validity, buffers: [offsets, this.#data.subarray(0, this.#used)] };
  }

  clear(rows: number): void {
    this.#offsets.fill(0, 0, rows + 1);
    this.#used = 0;
    this.#closed = 0;
    this.#bits.fill(0);
  }

  #close(row: number, length: number): void {
    assert(row >= this.#closed, 'rows are set in ascending order, each once');
    this.#fill(row);
    this.#used += length;
    this.#offsets[row + 1] = this.#used;
    this.#closed = row + 1;
    this.#bits[row >> 3] |= 1 << (row & 7);
  }

  /** Gives the null rows up to `row` an empty range. */
  #fill(row: number): void {
    if (row <= this.#closed) return;
    this.#offsets.fill(this.#used, this.#closed + 1, row + 1);
    this.#closed = row;
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#data.byteLength) return;
    const grown = Buffer.alloc(Math.max(this.#data.byteLength * 2, this.#used + length));
    grown.set(this.#data.subarray(0, this.#used));
    this.#data = grown;
    this.#view = viewOf(grown);
  }
}
