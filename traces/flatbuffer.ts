/**
 * Reads flatbuffers (https://flatbuffers.dev/internals/) that may be hostile. Generated readers
 * check no bounds, and would walk a vector that claims four billion entries. Here every offset and
 * length is checked against the buffer, and the number of items that one message may have is
 * limited.
 */
import { METADATA_ITEMS_MAX } from './limits.js';

/** The bytes of one flatbuffer, and how many more items it may have. */
class Bytes {
  readonly view: DataView;
  #items = METADATA_ITEMS_MAX;

  constructor(readonly bytes: Buffer) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The position that the 32-bit offset at `at` points to. */
  follow(at: number): number {
    return at + this.view.getUint32(at, true);
  }

  /** Counts `items` against the limit and checks that they lie inside the buffer. */
  claim(start: number, items: number, bytesPerItem: number): void {
    this.#items -= items + 1;
    if (this.#items < 0) throw new RangeError('too many items');
    if (start + items * bytesPerItem > this.bytes.byteLength) throw new RangeError('out of bounds');
  }
}

/** A table: fields by their index in the schema; a missing field has its default. */
export class Table {
  readonly #vtable: number;
  readonly #fields: number;

  private constructor(
    private readonly from: Bytes,
    private readonly at: number,
  ) {
    from.claim(at, 1, 4);
    this.#vtable = at - from.view.getInt32(at, true);
    this.#fields = (from.view.getUint16(this.#vtable, true) - 4) >> 1;
  }

  /** The root table of a flatbuffer. @throws RangeError when it lies outside of the buffer */
  static root(bytes: Buffer): Table {
    const from = new Bytes(bytes);
    return new Table(from, from.follow(0));
  }

  int8(field: number): number {
    const at = this.#field(field);
    return at === null ? 0 : this.from.view.getInt8(at);
  }

  int32(field: number): number {
    const at = this.#field(field);
    return at === null ? 0 : this.from.view.getInt32(at, true);
  }

  /** A 64-bit integer. Beyond 53 bits it becomes the nearest double, which every bound rejects. */
  int64(field: number): number {
    const at = this.#field(field);
    return at === null ? 0 : Number(this.from.view.getBigInt64(at, true));
  }

  table(field: number): Table | null {
    const at = this.#field(field);
    return at === null ? null : new Table(this.from, this.from.follow(at));
  }

  tables(field: number): Table[] {
    const { start, length } = this.#vector(field, 4);
    return Array.from({ length }, (_, i) => new Table(this.from, this.from.follow(start + i * 4)));
  }

  /** A vector of structs of two 64-bit integers each. */
  pairs(field: number): [number, number][] {
    const { start, length } = this.#vector(field, 16);
    const int64 = (at: number) => Number(this.from.view.getBigInt64(at, true));
    return Array.from({ length }, (_, i) => [int64(start + i * 16), int64(start + i * 16 + 8)]);
  }

  string(field: number): string {
    const at = this.#field(field);
    if (at === null) return '';
    const start = this.from.follow(at) + 4;
    const length = this.from.view.getUint32(start - 4, true);
    this.from.claim(start + length, 0, 0);
    return this.from.bytes.toString('utf8', start, start + length);
  }

  #vector(field: number, bytesPerItem: number): { start: number; length: number } {
    const at = this.#field(field);
    if (at === null) return { start: 0, length: 0 };
    const start = this.from.follow(at) + 4;
    const length = this.from.view.getUint32(start - 4, true);
    this.from.claim(start, length, bytesPerItem);
    return { start, length };
  }

  #field(field: number): number | null {
    if (field >= this.#fields) return null;
    const offset = this.from.view.getUint16(this.#vtable + 4 + field * 2, true);
    return offset === 0 ? null : this.at + offset;
  }
}
