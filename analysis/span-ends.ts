/** The ends of spans by their begins. */
import {
  type Batch,
  ColumnMemory,
  type DictColumn,
  firstIndex,
  isPresent,
  type WordColumn,
} from '../traces/index.js';
import { STRING_WORDS, VECTOR_ROWS, type VectorWriter } from './duckdb.js';
import { type KindFlags, openWanted, pickKinds, type SplitRows, splitEnds } from './pick-rows.js';
import type { EndColumn } from './scan-columns.js';
import { lossesAfter, type Source } from './scan-source.js';
import type { Rows } from './vector-copy.js';

const TWO_32 = 2 ** 32;
const CAPACITY_FIRST = 1 << 10;

/** Values of a column at ends; of a text its id. */
class EndValues {
  words = new Uint32Array(CAPACITY_FIRST * 2);
  present = new Uint8Array(CAPACITY_FIRST);

  set(i: number, low: number, high: number, present: boolean): void {
    if (i === this.present.length) this.#grow();
    this.words[i * 2] = low;
    this.words[i * 2 + 1] = high;
    this.present[i] = Number(present);
  }

  #grow(): void {
    const { words, present } = this;
    this.words = new Uint32Array(words.length * 2);
    this.words.set(words);
    this.present = new Uint8Array(present.length * 2);
    this.present.set(present);
  }
}

/** Ends in a later batch than their begins, with their values: few, since most calls are short. */
export class FarEnds {
  #size = 0;
  readonly #begins = new EndValues();
  readonly #seqs = new EndValues();
  readonly #columns = new Map<EndColumn['column'], EndValues>();
  /** Indexes of the ends, in the order of their begins; of two ends of one begin, in their own. */
  readonly #order: Uint32Array;

  /** Finds them in one pass over a trace. @param columns what to keep of them */
  constructor(source: Source, wanted: KindFlags, columns: readonly EndColumn[]) {
    for (const { column } of columns) this.#columns.set(column, new EndValues());
    const memory = new ColumnMemory();
    for (const info of source.reader.batches) {
      memory.reset();
      const batch = openWanted(source.reader, info, wanted, memory);
      if (batch !== null) this.#collect(batch, splitEnds(batch, pickKinds(batch, wanted)).ends);
    }
    this.#order = new Uint32Array(this.#size).map((_, i) => i);
    this.#order.sort((a, b) => this.#begin(a) - this.#begin(b) || a - b);
  }

  /** Calls `found` for each end of a begin in a batch, with the row of the begin. */
  of({ seqFirst, rows }: Batch, found: (begin: number, end: number) => void): void {
    const order = this.#order;
    const first = firstIndex(order.length, (i) => this.#begin(order[i]) >= seqFirst);
    for (let i = first; i < order.length; i++) {
      const row = this.#begin(order[i]) - seqFirst;
      if (row >= rows) return;
      found(row, order[i]);
    }
  }

  seq(end: number): number {
    return numberAt(this.#seqs, end);
  }

  values(column: EndColumn['column']): EndValues {
    return this.#columns.get(column)!;
  }

  #begin(end: number): number {
    return numberAt(this.#begins, end);
  }

  #collect(batch: Batch, ends: Uint32Array): void {
    const span = batch.column('span');
    const far = ends.filter((row) => span.number(row) < batch.seqFirst && span.has(row));
    if (far.length === 0) return;
    for (const [column, values] of this.#columns) {
      far.forEach((row, i) => {
        keep(values, this.#size + i, batch, column, row);
      });
    }
    far.forEach((row, i) => {
      setNumber(this.#seqs, this.#size + i, batch.seqFirst + row);
      this.#begins.set(this.#size + i, span.low(row), span.high(row), true);
    });
    this.#size += far.length;
  }
}

const numberAt = ({ words }: EndValues, i: number) => words[i * 2 + 1] * TWO_32 + words[i * 2];

const setNumber = (values: EndValues, i: number, value: number) =>
  values.set(i, value, value / TWO_32, true);

function keep(
  values: EndValues,
  i: number,
  batch: Batch,
  column: EndColumn['column'],
  row: number,
): void {
  // Their values follow from the seq.
  if (column === 'lost_after' || column.name === 'seq') {
    values.set(i, 0, 0, true);
  } else if (column.type === 'dict') {
    const view = batch.column(column.name as DictColumn);
    values.set(i, view.ids[row], 0, view.has(row));
  } else {
    const view = batch.column(column.name as WordColumn);
    values.set(i, view.low(row), view.high(row), view.has(row));
  }
}

// One copy ends before the next begins, so all share the same staging memory.
const words = new Uint32Array(VECTOR_ROWS * 2);
const strings = new Uint32Array(VECTOR_ROWS * STRING_WORDS);
const bits = new Uint8Array(VECTOR_ROWS >> 3);

/** The ends of the spans that begin in one batch. */
export class BatchEnds {
  /**
   * For each row that ends no span its end: a row of the batch; beyond these, the index of a far
   * one after the number of rows; -1 where there is none.
   */
  readonly #ends: Int32Array;

  constructor(
    private readonly source: Source,
    private readonly batch: Batch,
    { ends, others }: SplitRows,
    private readonly far: FarEnds,
  ) {
    const { rows, seqFirst } = batch;
    const endOf = new Int32Array(rows).fill(-1);
    const span = batch.column('span');
    for (let i = 0; i < ends.length; i++) {
      const row = ends[i];
      const begin = span.number(row) - seqFirst;
      if (begin >= 0 && begin < rows && endOf[begin] < 0 && span.has(row)) endOf[begin] = row;
    }
    far.of(batch, (begin, end) => {
      if (endOf[begin] < 0) endOf[begin] = rows + end;
    });
    this.#ends = new Int32Array(others.length);
    for (let i = 0; i < others.length; i++) this.#ends[i] = endOf[others[i]];
  }

  /** Copies a column of the ends of some begins, which are entries of the list of begins. */
  copy(column: EndColumn['column'], { start, count }: Rows, out: VectorWriter): void {
    const ends = this.#ends.subarray(start, start + count);
    bits.fill(0);
    if (column === 'lost_after') this.#copyNumbers(ends, lossesAfter(this.source, this.batch), out);
    else if (column.name === 'seq') this.#copyNumbers(ends, (seq) => seq, out);
    else if (column.type === 'dict') this.#copyDict(column, column.name as DictColumn, ends, out);
    else this.#copyWords(column, column.name as WordColumn, ends, out);
    out.validity(bits, 0, count);
  }

  #copyNumbers(ends: Int32Array, of: (seq: number) => number, out: VectorWriter): void {
    const { rows, seqFirst } = this.batch;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i];
      if (end < 0) continue;
      const value = of(end < rows ? seqFirst + end : this.far.seq(end - rows));
      words[i * 2] = value;
      words[i * 2 + 1] = value / TWO_32;
      bits[i >> 3] |= 1 << (i & 7);
    }
    out.values(words, 0, ends.length * 2);
  }

  #copyWords(
    column: EndColumn['column'],
    name: WordColumn,
    ends: Int32Array,
    out: VectorWriter,
  ): void {
    const { rows } = this.batch;
    const { words: near, bits: valid } = this.batch.column(name);
    const far = this.far.values(column);
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i];
      const isNear = end < rows;
      if (end < 0 || !(isNear ? isPresent(valid, end) : far.present[end - rows] === 1)) continue;
      const from = isNear ? near : far.words;
      const at = (isNear ? end : end - rows) * 2;
      words[i * 2] = from[at];
      words[i * 2 + 1] = from[at + 1];
      bits[i >> 3] |= 1 << (i & 7);
    }
    out.values(words, 0, ends.length * 2);
  }

  #copyDict(
    column: EndColumn['column'],
    name: DictColumn,
    ends: Int32Array,
    out: VectorWriter,
  ): void {
    const { rows } = this.batch;
    const near = this.batch.column(name);
    const far = this.far.values(column);
    const table = this.source.tables[name].words;
    strings.fill(0);
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i];
      const isNear = end < rows;
      if (end < 0 || !(isNear ? near.has(end) : far.present[end - rows] === 1)) continue;
      const from = (isNear ? near.ids[end] : far.words[(end - rows) * 2]) * STRING_WORDS;
      const to = i * STRING_WORDS;
      strings[to] = table[from];
      strings[to + 1] = table[from + 1];
      strings[to + 2] = table[from + 2];
      strings[to + 3] = table[from + 3];
      bits[i >> 3] |= 1 << (i & 7);
    }
    out.values(strings, 0, ends.length * STRING_WORDS);
  }
}
