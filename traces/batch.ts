import { crc32 } from 'node:zlib';
import type { Region } from './arrow-message.js';
import type { ColumnMemory } from './column-memory.js';
import { BytesView, DictView, IntView, WordView } from './column-views.js';
import { inflate } from './deflate.js';
import { VfrError } from './errors.js';
import {
  COLUMNS,
  type ColumnName,
  type ColumnType,
  type DictColumn,
  type IntColumn,
  type WordColumn,
} from './event-schema.js';
import { VARIABLE_BYTES_MAX } from './limits.js';
import type { Seq } from './units.js';

/** A batch before any column is read. Columns are read one by one, on demand. */
export interface BatchBody {
  readonly file: string;
  /** Byte offset of the batch's frame in the file, for error messages. */
  readonly offset: number;
  readonly rows: number;
  readonly seqFirst: Seq;
  readonly nullCounts: readonly number[];
  readonly regions: readonly Region[];
  /** CRC of each column's bytes, or null when only the whole body has one. */
  readonly columnCrcs: readonly number[] | null;
  readonly bodyLength: number;
  readonly dictionaries: Readonly<Record<DictColumn, readonly string[]>>;
  /** Memory for decompressed columns; omit it to allocate new memory. */
  readonly memory?: ColumnMemory | undefined;
  /** Reads bytes of the body, into the given memory if they fit. */
  read(offset: number, length: number, into?: Buffer): Buffer;
}

type ViewOf<N extends ColumnName> = N extends DictColumn
  ? DictView
  : N extends WordColumn
    ? WordView
    : N extends IntColumn
      ? IntView
      : BytesView;

/** Number of Arrow buffers of a column: validity, offsets where the length varies, values. */
const bufferCount = (type: ColumnType) => (type === 'utf8' || type === 'binary' ? 3 : 2);
export const BATCH_BUFFERS = COLUMNS.reduce((sum, c) => sum + bufferCount(c.type), 0);
/** Index of each column's first buffer among the buffers of a batch. */
const FIRST_BUFFER = COLUMNS.map((_, i) =>
  COLUMNS.slice(0, i).reduce((sum, c) => sum + bufferCount(c.type), 0),
);

const BYTES_PER_VALUE = { u64: 8, i64: 8, u32: 4, u16: 2, i16: 2, dict: 4 } as const;

/** The range of the body that holds a column's buffers. */
export function columnRange(
  { regions, bodyLength }: Pick<BatchBody, 'regions' | 'bodyLength'>,
  column: number,
): Region {
  const { offset } = regions[FIRST_BUFFER[column]];
  const end = regions[FIRST_BUFFER[column + 1]]?.offset ?? bodyLength;
  return { offset, length: end - offset };
}

/** The events of one batch, by columns. */
export class Batch {
  readonly #views = new Map<ColumnName, unknown>();

  constructor(readonly source: BatchBody) {}

  get rows(): number {
    return this.source.rows;
  }

  get seqFirst(): Seq {
    return this.source.seqFirst;
  }

  /** Whether every row of a column is null according to the batch's metadata; reads nothing. */
  isNull(name: ColumnName): boolean {
    return this.source.nullCounts[COLUMNS.findIndex((c) => c.name === name)] === this.rows;
  }

  /**
   * The decoded column; nulls read as 0. The first call for a column reads, verifies and
   * decompresses its bytes.
   * @throws VfrError `COLUMN_DAMAGED` naming the column, when its bytes differ from what was
   * written
   */
  column<N extends ColumnName>(name: N): ViewOf<N> {
    let view = this.#views.get(name);
    if (view === undefined) {
      view = this.#decode(name);
      this.#views.set(name, view);
    }
    return view as ViewOf<N>;
  }

  #decode(name: ColumnName): DictView | WordView | IntView | BytesView {
    const { file, offset } = this.source;
    try {
      return new ColumnDecoder(this.source, name).view();
    } catch (error) {
      const what = `column ${name} is damaged (${(error as Error).message})`;
      const next = 'Run `vfr verify` to see what is damaged and `vfr repair` to save the rest.';
      throw new VfrError('COLUMN_DAMAGED', what, next, { file, offset });
    }
  }
}

/** Decodes one column of one batch. */
class ColumnDecoder {
  readonly #index: number;
  readonly #rows: number;
  readonly #bytes: Buffer;
  readonly #start: number;

  constructor(
    private readonly source: BatchBody,
    private readonly name: ColumnName,
  ) {
    this.#index = COLUMNS.findIndex((c) => c.name === name);
    this.#rows = source.rows;
    const { offset, length } = columnRange(source, this.#index);
    this.#start = offset;
    this.#bytes = source.read(offset, length, source.memory?.scratch(length));
    const crc = source.columnCrcs?.[this.#index];
    if (crc !== undefined && crc32(this.#bytes) !== crc) {
      throw new Error('it does not match its CRC');
    }
  }

  view(): DictView | WordView | IntView | BytesView {
    const { type } = COLUMNS[this.#index];
    const bits = this.#validity();
    if (type === 'utf8' || type === 'binary') return this.#variable(bits);
    const bytes = this.#exact(1, this.#rows * BYTES_PER_VALUE[type]);
    switch (type) {
      case 'u64':
      case 'i64':
        return new WordView(
          bits,
          zeroNulls(new Uint32Array(bytes.buffer), bits, 2),
          type === 'i64',
        );
      case 'u32':
        return new IntView(bits, zeroNulls(new Uint32Array(bytes.buffer), bits, 1));
      case 'u16':
        return new IntView(bits, zeroNulls(new Uint16Array(bytes.buffer), bits, 1));
      case 'i16':
        return new IntView(bits, zeroNulls(new Int16Array(bytes.buffer), bits, 1));
      case 'dict':
        return this.#dictionary(bits, zeroNulls(new Int32Array(bytes.buffer), bits, 1));
    }
  }

  #validity(): Uint8Array | null {
    const nullCount = this.source.nullCounts[this.#index];
    if (nullCount < 0 || nullCount > this.#rows) throw new Error('null count out of range');
    if (nullCount > 0 && !COLUMNS[this.#index].nullable) throw new Error('it must not hold nulls');
    return nullCount === 0 ? null : this.#exact(0, (this.#rows + 7) >> 3);
  }

  #dictionary(bits: Uint8Array | null, ids: Int32Array): DictView {
    const entries = this.source.dictionaries[this.name as DictColumn];
    const view = new DictView(bits, ids, entries);
    for (let row = firstBeyond(ids, entries.length, 0); row < ids.length; ) {
      if (view.has(row)) {
        const size = entries.length;
        throw new Error(`row ${row} has id ${ids[row]} of a dictionary with ${size} entries`);
      }
      row = firstBeyond(ids, entries.length, row + 1);
    }
    return view;
  }

  #variable(bits: Uint8Array | null): BytesView {
    const offsets = new Int32Array(this.#exact(1, (this.#rows + 1) * 4).buffer);
    const bytes = this.#buffer(2, VARIABLE_BYTES_MAX);
    if (!ascend(offsets, bytes.byteLength)) throw new Error('offsets out of order');
    return new BytesView(bits, offsets, Buffer.from(bytes.buffer));
  }

  /** A buffer that must hold exactly `size` bytes. */
  #exact(buffer: number, size: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffer(buffer, size);
    if (bytes.byteLength !== size) throw new Error(`${bytes.byteLength} bytes, expected ${size}`);
    return bytes;
  }

  #buffer(buffer: number, sizeMax: number): Uint8Array<ArrayBuffer> {
    const { offset, length } = this.source.regions[FIRST_BUFFER[this.#index] + buffer];
    const at = offset - this.#start;
    return inflate(this.#bytes.subarray(at, at + length), sizeMax, this.source.memory);
  }
}

/** The first row from `row` whose id is not one of `size` entries; the number of rows if none. */
function firstBeyond(ids: Int32Array, size: number, row: number): number {
  let at = row;
  while (at < ids.length && ids[at] >= 0 && ids[at] < size) at++;
  return at;
}

/** Whether offsets only grow, and none exceeds `most`. */
function ascend(offsets: Int32Array, most: number): boolean {
  let last = 0;
  for (let i = 0; i < offsets.length; i++) {
    if (offsets[i] < last) return false;
    last = offsets[i];
  }
  return last <= most;
}

/** Null slots hold arbitrary bytes. Zero them so that reading one is deterministic. */
function zeroNulls<T extends Uint32Array | Uint16Array | Int16Array | Int32Array>(
  values: T,
  bits: Uint8Array | null,
  perRow: number,
): T {
  const rows = values.length / perRow;
  for (let byte = 0; bits !== null && byte < bits.length; byte++) {
    const first = byte * 8;
    if (bits[byte] === 0xff) continue;
    if (bits[byte] === 0) {
      // Nulls usually come in runs.
      while (bits[byte + 1] === 0) byte++;
      values.fill(0, first * perRow, (byte + 1) * 8 * perRow);
      continue;
    }
    for (let row = first; row < Math.min(first + 8, rows); row++) {
      if (((bits[byte] >> (row & 7)) & 1) === 1) continue;
      values[row * perRow] = 0;
      values[(row + 1) * perRow - 1] = 0;
    }
  }
  return values;
}
