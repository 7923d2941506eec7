/** Rows of one batch of a trace, copied into DuckDB's vectors. */
import type {
  Batch,
  BytesView,
  Column,
  DictColumn,
  IntColumn,
  WordColumn,
} from '../traces/index.js';
import { VECTOR_ROWS, type VectorWriter } from './duckdb.js';
import { LOST_AFTER, type Wanted } from './scan-columns.js';
import { lossesAfter, type Source } from './scan-source.js';
import type { BatchEnds } from './span-ends.js';
import { validText } from './utf8.js';
import {
  copyBytes,
  copyCount,
  copyDict,
  copyInts,
  copyRepeated,
  copyWords,
  type Rows,
} from './vector-copy.js';

/** A batch with rows that have not been returned yet. */
export class OpenBatch {
  #start = 0;
  readonly #size: number;
  #text: BytesView | null = null;

  constructor(
    private readonly source: Source,
    private readonly batch: Batch,
    private readonly picks: Uint32Array | null,
    private readonly columns: readonly Wanted[],
    private readonly ends: BatchEnds | null = null,
  ) {
    this.#size = picks === null ? batch.rows : picks.length;
  }

  get done(): boolean {
    return this.#start === this.#size;
  }

  next(out: readonly VectorWriter[]): number {
    const count = Math.min(VECTOR_ROWS, this.#size - this.#start);
    const rows: Rows = { start: this.#start, count, picks: this.picks };
    this.columns.forEach((column, i) => {
      if (column === 'trace') copyRepeated(this.source.nameRows, count, out[i]);
      else if (column === LOST_AFTER) this.#copyLostAfter(rows, out[i]);
      else if ('of' in column) this.ends?.copy(column.column, rows, out[i]);
      else this.#copy(column, rows, out[i]);
    });
    this.#start += count;
    return count;
  }

  #copyLostAfter({ start, count, picks }: Rows, out: VectorWriter): void {
    const lost = lossesAfter(this.source, this.batch);
    const after = new Uint32Array(count * 2);
    for (let i = 0; i < count; i++) {
      const seq = this.batch.seqFirst + (picks === null ? start + i : picks[start + i]);
      after[i * 2] = lost(seq);
    }
    out.values(after, 0, count * 2);
  }

  #copy(column: Column, rows: Rows, out: VectorWriter): void {
    const { batch } = this;
    switch (column.type) {
      case 'u64':
      case 'i64':
        // Within a batch `seq` is consecutive, and counting takes a tenth of the time of decoding
        // it.
        if (column.name === 'seq') copyCount(batch.seqFirst, rows, out);
        else copyWords(batch.column(column.name as WordColumn), rows, out);
        break;
      case 'u32':
      case 'u16':
      case 'i16':
        copyInts(batch.column(column.name as IntColumn), rows, out);
        break;
      case 'dict': {
        const name = column.name as DictColumn;
        copyDict(batch.column(name), this.source.tables[name], rows, out);
        break;
      }
      case 'utf8':
      case 'binary': {
        copyBytes(this.#bytes(column), rows, out);
        break;
      }
    }
  }

  #bytes(column: Column): BytesView {
    const view = this.batch.column(column.name as 'text' | 'data');
    if (column.type === 'binary') return view;
    this.#text ??= validText(view);
    return this.#text;
  }
}
