import { inflate, type Region } from './arrow.js';
import { VfrError } from './errors.js';
import {
  COLUMNS,
  type ColumnName,
  type ColumnType,
  type DictColumn,
  type IntColumn,
  type WordColumn,
} from './schema.js';
import type { Seq } from './units.js';
import { BytesView, DictView, IntView, WordView } from './views.js';

/** A batch whose body is in memory and verified; its columns are decompressed when asked for. */
export interface BatchBody {
  readonly file: string;
  /** Byte offset of the batch's frame in the file, for messages. */
  readonly offset: number;
  readonly rows: number;
  readonly seqFirst: Seq;
  readonly body: Buffer;
  readonly nullCounts: readonly number[];
  readonly regions: readonly Region[];
  readonly dictionaries: Readonly<Record<DictColumn, readonly string[]>>;
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
/** Where the first buffer of each column stands among the buffers of a batch. */
const FIRST_BUFFER = new Map<string, number>();
{
  let next = 0;
  for (const c of COLUMNS) {
    FIRST_BUFFER.set(c.name, next);
    next += bufferCount(c.type);
  }
}

const BYTES_PER_VALUE = { u64: 8, i64: 8, u32: 4, u16: 2, i16: 2, dict: 4 } as const;
/** Text and data of one batch; twice what the writer lets a batch grow to. */
const VARIABLE_BYTES_MAX = 1 << 26;

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

  /**
   * The decoded column.
   * @throws VfrError `COLUMN_DAMAGED` naming the column, when its bytes are not what was written
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
      return this.#decodeBuffers(name);
    } catch (error) {
      const what = `column ${name} is damaged (${(error as Error).message})`;
      const next = 'Run `vfr verify` to see what is damaged and `vfr repair` to save the rest.';
      throw new VfrError('damaged', 'COLUMN_DAMAGED', what, next, { file, offset });
    }
  }

  #decodeBuffers(name: ColumnName): DictView | WordView | IntView | BytesView {
    const index = COLUMNS.findIndex((c) => c.name === name);
    const { type } = COLUMNS[index];
    const first = FIRST_BUFFER.get(name)!;
    const bits = this.#validity(first, this.source.nullCounts[index]);
    if (type === 'utf8' || type === 'binary') return this.#variable(first, bits);
    const bytes = this.#exact(first + 1, this.rows * BYTES_PER_VALUE[type]);
    switch (type) {
      case 'u64':
      case 'i64':
        return new WordView(bits, new Uint32Array(bytes.buffer), type === 'i64');
      case 'u32':
        return new IntView(bits, new Uint32Array(bytes.buffer));
      case 'u16':
        return new IntView(bits, new Uint16Array(bytes.buffer));
      case 'i16':
        return new IntView(bits, new Int16Array(bytes.buffer));
      case 'dict':
        return this.#dictionary(name as DictColumn, bits, new Int32Array(bytes.buffer));
    }
  }

  #validity(buffer: number, nullCount: number): Uint8Array | null {
    if (nullCount < 0 || nullCount > this.rows) throw new Error('null count out of range');
    return nullCount === 0 ? null : this.#exact(buffer, (this.rows + 7) >> 3);
  }

  #dictionary(name: DictColumn, bits: Uint8Array | null, ids: Int32Array): DictView {
    const entries = this.source.dictionaries[name];
    const view = new DictView(bits, ids, entries);
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row];
      if ((id < 0 || id >= entries.length) && view.has(row)) {
        throw new Error(`row ${row} has id ${id} of a dictionary with ${entries.length} entries`);
      }
    }
    return view;
  }

  #variable(first: number, bits: Uint8Array | null): BytesView {
    const offsets = new Int32Array(this.#exact(first + 1, (this.rows + 1) * 4).buffer);
    const bytes = this.#buffer(first + 2, VARIABLE_BYTES_MAX);
    let last = 0;
    for (const offset of offsets) {
      if (offset < last || offset > bytes.byteLength) throw new Error('offsets out of order');
      last = offset;
    }
    return new BytesView(bits, offsets, Buffer.from(bytes.buffer));
  }

  /** A buffer that must hold exactly `size` bytes. */
  #exact(buffer: number, size: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffer(buffer, size);
    if (bytes.byteLength !== size) throw new Error(`${bytes.byteLength} bytes, expected ${size}`);
    return bytes;
  }

  #buffer(buffer: number, sizeMax: number): Uint8Array<ArrayBuffer> {
    const { offset, length } = this.source.regions[buffer];
    return inflate(this.source.body.subarray(offset, offset + length), sizeMax);
  }
}
