/**
 * Table functions whose rows vfr computes, such as the states of a replay. The rows are computed
 * when a query first reads them, and kept for the session.
 */
import {
  type Scan,
  type ScanFunction,
  type SqlColumn,
  type SqlType,
  STRING_WORDS,
  StringTable,
  VECTOR_ROWS,
  type VectorWriter,
} from './duckdb.js';

/** A value of a row; a flag is a boolean. */
export type Value = bigint | number | string | boolean | null;

/** Receives rows, and keeps them by column. */
export type Append = (row: readonly Value[]) => void;

export interface ComputedTable {
  readonly name: string;
  readonly columns: readonly SqlColumn[];
  /** Computes all rows. Called at most once. */
  readonly compute: (append: Append) => void;
}

/** The table as a table function, whose parameter is ignored. */
export function computedTable({ name, columns, compute }: ComputedTable): ScanFunction {
  let rows: KeptRows | null = null;
  return {
    name,
    columns,
    rows: ROWS_GUESSED,
    open: (_filter, wanted) => {
      rows ??= new KeptRows(columns, compute);
      return new RowScan(rows, wanted);
    },
  };
}

/** Far fewer than events: the planner reads such a table first. */
const ROWS_GUESSED = 1000;

class KeptRows {
  readonly columns: readonly KeptColumn[];
  count = 0;

  constructor(columns: readonly SqlColumn[], compute: ComputedTable['compute']) {
    const values = columns.map((): Value[] => []);
    compute((row) => {
      for (let i = 0; i < values.length; i++) values[i].push(row[i]);
      this.count++;
    });
    this.columns = columns.map(({ type }, i) => keptColumn(type, values[i]));
  }
}

/** A column that can be copied to vectors. */
interface KeptColumn {
  readonly values: readonly Value[];
  write(start: number, count: number, out: VectorWriter): void;
}

function keptColumn(type: SqlType, values: readonly Value[]): KeptColumn {
  switch (type) {
    case 'text':
      return textColumn(values);
    case 'u64':
    case 'i64':
      return { values, write: (start, count, out) => writeWords(values, start, count, out) };
    case 'bool': {
      const bytes = Uint8Array.from(values, Number);
      return { values, write: (start, count, out) => out.values(bytes, start, count) };
    }
    case 'u32': {
      const ints = Uint32Array.from(values, Number);
      return { values, write: (start, count, out) => out.values(ints, start, count) };
    }
    case 'u16':
    case 'i16': {
      const ints = Uint16Array.from(values, Number);
      return { values, write: (start, count, out) => out.values(ints, start, count) };
    }
    case 'blob':
      throw new Error('a computed table has no bytes');
  }
}

/** Strings repeat: each distinct one is kept once. */
function textColumn(values: readonly Value[]): KeptColumn {
  const distinct = new Map<string, number>();
  const ids = Int32Array.from(values, (value) => {
    if (value === null) return -1;
    const text = String(value);
    const id = distinct.get(text) ?? distinct.size;
    distinct.set(text, id);
    return id;
  });
  const table = new StringTable([...distinct.keys()]);
  return {
    values,
    write(start, count, out) {
      const words = new Uint32Array(count * STRING_WORDS);
      for (let i = 0; i < count; i++) {
        const id = ids[start + i];
        if (id < 0) continue;
        const from = id * STRING_WORDS;
        words.set(table.words.subarray(from, from + STRING_WORDS), i * STRING_WORDS);
      }
      out.values(words, 0, words.length);
    },
  };
}

function writeWords(
  values: readonly Value[],
  start: number,
  count: number,
  out: VectorWriter,
): void {
  const words = new BigInt64Array(count);
  for (let i = 0; i < count; i++) {
    words[i] = BigInt.asIntN(64, BigInt((values[start + i] ?? 0) as bigint | number));
  }
  out.values(new Uint32Array(words.buffer), 0, count * 2);
}

class RowScan implements Scan {
  #next = 0;

  constructor(
    private readonly rows: KeptRows,
    private readonly wanted: readonly number[],
  ) {}

  next(out: readonly VectorWriter[]): number {
    const start = this.#next;
    const count = Math.min(VECTOR_ROWS, this.rows.count - start);
    if (count === 0) return 0;
    this.wanted.forEach((column, i) => {
      const kept = this.rows.columns[column];
      kept.write(start, count, out[i]);
      writeValidity(kept.values, start, count, out[i]);
    });
    this.#next += count;
    return count;
  }
}

function writeValidity(
  values: readonly Value[],
  start: number,
  count: number,
  out: VectorWriter,
): void {
  const bits = new Uint8Array(((count + 63) >> 6) * 8);
  let nulls = 0;
  for (let i = 0; i < count; i++) {
    if (values[start + i] === null) nulls++;
    else bits[i >> 3] |= 1 << (i & 7);
  }
  if (nulls > 0) out.validity(bits, 0, count);
}
