/**
 * Writes events as an Arrow IPC file without compression, which every implementation of Arrow
 * reads.
 */
import { makeData } from 'apache-arrow/data';
import { AsyncByteQueue } from 'apache-arrow/io/stream';
import { RecordBatchFileWriter } from 'apache-arrow/ipc/writer';
import { RecordBatch } from 'apache-arrow/recordbatch';
import { Schema } from 'apache-arrow/schema';
import * as types from 'apache-arrow/type';
import { Vector } from 'apache-arrow/vector';
import { arrowFields, arrowType } from './arrow-types.js';
import type { Batch } from './batch.js';
import type { BytesView, DictView, IntView, Validity, WordView } from './column-views.js';
import { COLUMNS, type Column, DICT_COLUMNS, type DictColumn } from './event-schema.js';
import type { Sink } from './sink.js';

type Strings = Vector<types.Utf8>;

/** Passes bytes on at once, so that nothing is collected in memory. */
class SinkQueue extends AsyncByteQueue {
  constructor(private readonly sink: Sink) {
    super();
  }

  override write(bytes: Uint8Array): void {
    this.sink.write(bytes);
  }
}

/** Arrow's own columns: a dictionary column has 32-bit ids, as in the trace. */
export class ArrowFileWriter {
  readonly #writer = new RecordBatchFileWriter();
  readonly #schema: Schema;
  readonly #strings: ReadonlyMap<string, Strings>;

  /**
   * @param dictionaries all strings of each column; they must not grow
   * @param metadata of the schema
   */
  constructor(
    sink: Sink,
    dictionaries: Readonly<Record<DictColumn, readonly string[]>>,
    metadata: ReadonlyMap<string, string>,
  ) {
    this.#strings = new Map(DICT_COLUMNS.map((name) => [name, stringsOf(dictionaries[name])]));
    this.#schema = new Schema(arrowFields(), new Map(metadata));
    this.#writer.reset(new SinkQueue(sink), this.#schema);
  }

  write(batch: Batch): void {
    const { rows } = batch;
    const children = COLUMNS.map((column) => this.#column(column, batch));
    const struct = makeData({
      type: new types.Struct(this.#schema.fields),
      length: rows,
      children,
    });
    this.#writer.write(new RecordBatch(this.#schema, struct));
  }

  finish(): void {
    this.#writer.finish();
  }

  #column(column: Column, batch: Batch) {
    const { rows: length } = batch;
    const view = batch.column(column.name as DictColumn) as Validity;
    const nulls =
      view.bits === null ? {} : { nullBitmap: view.bits, nullCount: view.nulls(length) };
    const type = arrowType(column);
    switch (column.type) {
      case 'u64':
      case 'i64': {
        const { words } = view as WordView;
        const data = wordsOf(words, length, column.type === 'i64');
        return makeData({
          type: type as types.Uint64,
          length,
          data: data as BigUint64Array,
          ...nulls,
        });
      }
      case 'u32':
      case 'u16':
      case 'i16': {
        const data = (view as IntView).values.subarray(0, length);
        return makeData({
          type: type as types.Uint32,
          length,
          data: data as Uint32Array,
          ...nulls,
        });
      }
      case 'dict': {
        const data = (view as DictView).ids.subarray(0, length);
        const dictionary = this.#strings.get(column.name)!;
        return makeData({ type: type as types.Dictionary, length, data, dictionary, ...nulls });
      }
      case 'utf8':
      case 'binary': {
        const { offsets, bytes: data } = view as BytesView;
        const valueOffsets = offsets.subarray(0, length + 1);
        return makeData({ type: type as types.Utf8, length, valueOffsets, data, ...nulls });
      }
    }
  }
}

/** The same bytes as 64-bit integers; copied where they do not lie at a multiple of 8. */
function wordsOf(words: Uint32Array, length: number, signed: boolean) {
  const aligned = words.byteOffset % 8 === 0 ? words : words.slice();
  const { buffer, byteOffset } = aligned;
  return signed
    ? new BigInt64Array(buffer, byteOffset, length)
    : new BigUint64Array(buffer, byteOffset, length);
}

function stringsOf(strings: readonly string[]): Strings {
  const data = Buffer.from(strings.join(''));
  const valueOffsets = new Int32Array(strings.length + 1);
  strings.forEach((text, i) => {
    valueOffsets[i + 1] = valueOffsets[i] + Buffer.byteLength(text);
  });
  return new Vector([
    makeData({ type: new types.Utf8(), length: strings.length, valueOffsets, data }),
  ]);
}
