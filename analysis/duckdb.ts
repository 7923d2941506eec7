/**
 * The adapter to DuckDB, and the only file that imports it. It offers a database in memory, table
 * functions written in TypeScript whose columns are filled by copies of whole vectors, and results
 * as rows. The copies follow DuckDB's C API: fixed-width values unchanged, validity as bits,
 * strings as 16-byte `duckdb_string_t`.
 */
import { DuckDBConnection, JSDuckDBValueConverter } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { assert } from '../traces/index.js';

/** SQL types of the columns that a table function may have. */
const TYPES = {
  u64: duckdb.Type.UBIGINT,
  i64: duckdb.Type.BIGINT,
  u32: duckdb.Type.UINTEGER,
  u16: duckdb.Type.USMALLINT,
  i16: duckdb.Type.SMALLINT,
  bool: duckdb.Type.BOOLEAN,
  text: duckdb.Type.VARCHAR,
  blob: duckdb.Type.BLOB,
} as const;
export type SqlType = keyof typeof TYPES;

export interface SqlColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** The most rows that a table function returns per call: DuckDB's vector size. */
export const VECTOR_ROWS = duckdb.vector_size();
/** 32-bit words of a `duckdb_string_t`. */
export const STRING_WORDS = 4;
/** Strings up to this many bytes are stored inside their `duckdb_string_t`. */
export const INLINE_BYTES = 12;

/** One column of the rows that a table function is about to return. */
export class VectorWriter {
  constructor(private readonly vector: duckdb.Vector) {}

  /** Sets the first values from `count` elements of `source`, starting at element `start`. */
  values(source: FixedArray, start: number, count: number): void {
    const { buffer, byteOffset, BYTES_PER_ELEMENT: width } = source;
    const from = byteOffset + start * width;
    duckdb.copy_data_to_vector(this.vector, 0, buffer, from, count * width);
  }

  /**
   * Copies bytes to the vector's own string memory, so that a `duckdb_string_t` set afterwards can
   * point to them for as long as DuckDB keeps the vector or a part of it.
   * @param bytes more than `INLINE_BYTES`; for a text column valid UTF-8
   */
  hold(bytes: Uint8Array): Address {
    assert(bytes.byteLength > INLINE_BYTES, 'a short string has no address');
    duckdb.vector_assign_string_element_len(this.vector, 0, bytes);
    const raw = duckdb.vector_get_data(this.vector, STRING_WORDS * 4);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    return { low: view.getUint32(8, true), high: view.getUint32(12, true) };
  }

  /** Sets which rows are not null, from a bitmap that has row 0 in the lowest bit of its byte 0. */
  validity(bits: Uint8Array<ArrayBuffer>, startByte: number, count: number): void {
    // DuckDB keeps validity in words of 64 rows.
    const size = Math.min(((count + 63) >> 6) * 8, bits.byteLength - startByte);
    const from = bits.byteOffset + startByte;
    duckdb.vector_ensure_validity_writable(this.vector);
    duckdb.copy_data_to_vector_validity(this.vector, 0, bits.buffer, from, size);
  }
}

/** An address in memory. */
export interface Address {
  readonly low: number;
  readonly high: number;
}

export type FixedArray = (Uint32Array | Uint16Array | Int16Array | Uint8Array) & {
  buffer: ArrayBuffer;
};

/**
 * Strings in DuckDB's memory. Vectors that received them point to this memory, so it must outlive
 * the database's last result.
 */
export class StringTable {
  /**
   * `duckdb_string_t` of string i at word 4 i; copying these words into a vector copies the string.
   */
  readonly words: Uint32Array;
  /** Keeps the memory alive that the words point to. */
  readonly vector: duckdb.Vector;

  constructor(strings: readonly string[]) {
    const count = Math.max(1, strings.length);
    this.vector = duckdb.create_vector(TYPE_OF.text, count);
    strings.forEach((text, i) => {
      const bytes = Buffer.from(text);
      duckdb.vector_assign_string_element_len(this.vector, i, bytes);
    });
    const raw = duckdb.vector_get_data(this.vector, count * STRING_WORDS * 4);
    this.words = new Uint32Array(raw.slice().buffer);
  }
}

/** One string for all rows of a vector. */
export class RepeatedString {
  /** Its `duckdb_string_t` in every row. */
  readonly words = new Uint32Array(VECTOR_ROWS * STRING_WORDS);
  /** Keeps the memory alive that the words point to. */
  readonly table: StringTable;

  constructor(text: string) {
    this.table = new StringTable([text]);
    for (let at = 0; at < this.words.length; at += STRING_WORDS)
      this.words.set(this.table.words, at);
  }
}

const TYPE_OF = Object.fromEntries(
  Object.entries(TYPES).map(([name, id]) => [name, duckdb.create_logical_type(id)]),
) as Record<SqlType, duckdb.LogicalType>;

/** A scan in progress. */
export interface Scan {
  /**
   * Fills the next rows, at most `VECTOR_ROWS`, and returns how many; 0 at the end. Rows returned
   * before must stay in memory until the next call.
   * @param columns a writer for each requested column, in the order of the request
   */
  next(columns: readonly VectorWriter[]): number;
}

/** A table function with one parameter: a list of strings, or null. */
export interface ScanFunction {
  readonly name: string;
  readonly columns: readonly SqlColumn[];
  /** Number of rows without a filter, for the planner. */
  readonly rows: number;
  /** @param columns indexes of the requested columns in `columns` */
  open(filter: readonly string[] | null, columns: readonly number[]): Scan;
}

/** A result whose rows are fetched while they are read. */
export interface ResultStream {
  readonly columns: readonly string[];
  /** Rows by chunks; a 64-bit integer is a bigint, a BLOB a Uint8Array, a list an array. */
  chunks(): AsyncIterable<readonly (readonly unknown[])[]>;
}

/** A database in memory and one connection to it. */
export class Database {
  readonly #connection: DuckDBConnection;
  /** An error thrown inside a table function; DuckDB only passes on its text. */
  #thrown: unknown = null;

  private constructor(
    private readonly database: duckdb.Database,
    private readonly raw: duckdb.Connection,
  ) {
    this.#connection = new DuckDBConnection(raw);
  }

  /** @param settings DuckDB's configuration options */
  static async open(settings: Readonly<Record<string, string>>): Promise<Database> {
    const config = duckdb.create_config();
    for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, value);
    const database = await duckdb.open(':memory:', config);
    return new Database(database, await duckdb.connect(database));
  }

  register(scan: ScanFunction): void {
    const fn = duckdb.create_table_function();
    duckdb.table_function_set_name(fn, scan.name);
    duckdb.table_function_add_parameter(fn, duckdb.create_list_type(TYPE_OF.text));
    duckdb.table_function_supports_projection_pushdown(fn, true);
    duckdb.table_function_set_bind(fn, (info) => {
      for (const c of scan.columns) duckdb.bind_add_result_column(info, c.name, TYPE_OF[c.type]);
      const filter = stringList(duckdb.bind_get_parameter(info, 0));
      duckdb.bind_set_cardinality(info, scan.rows, filter === null);
      duckdb.bind_set_bind_data(info, { filter });
    });
    duckdb.table_function_set_init(fn, (info) => {
      this.#guard(
        () => openScan(scan, info),
        (text) => duckdb.init_set_error(info, text),
      );
    });
    duckdb.table_function_set_function(fn, (info, output) => {
      this.#guard(
        () => fillChunk(duckdb.function_get_init_data(info) as OpenScan, output),
        (text) => duckdb.function_set_error(info, text),
      );
    });
    duckdb.register_table_function(this.raw, fn);
  }

  /** Runs statements for their effect. */
  async run(sql: string): Promise<void> {
    await this.#rethrow(this.#connection.run(sql));
  }

  /** The first column of the first row of a statement with one parameter, a string. */
  async value(sql: string, parameter: string): Promise<unknown> {
    const result = await this.#rethrow(this.#connection.runAndReadAll(sql, [parameter]));
    return result.getRows()[0]?.[0];
  }

  /** Runs statements; returns the result of the last one. */
  async stream(sql: string): Promise<ResultStream> {
    const result = await this.#rethrow(this.#connection.stream(sql));
    const rethrow = <T>(promise: Promise<T>) => this.#rethrow(promise);
    return {
      columns: result.deduplicatedColumnNames(),
      async *chunks() {
        for (;;) {
          const chunk = await rethrow(result.fetchChunk());
          if (chunk === null || chunk.rowCount === 0) return;
          yield chunk.convertRows(JSDuckDBValueConverter);
        }
      },
    };
  }

  close(): void {
    this.#connection.closeSync();
    duckdb.close_sync(this.database);
  }

  #guard(work: () => void, report: (text: string) => void): void {
    try {
      work();
    } catch (error) {
      this.#thrown = error;
      report(error instanceof Error ? error.message : String(error));
    }
  }

  async #rethrow<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      const cause = this.#thrown ?? error;
      this.#thrown = null;
      throw cause;
    }
  }
}

interface OpenScan {
  readonly scan: Scan;
  readonly outputs: readonly number[];
}

function openScan(fn: ScanFunction, info: duckdb.TableFunctionInitInfo): void {
  const { filter } = duckdb.init_get_bind_data(info) as { filter: readonly string[] | null };
  const count = duckdb.init_get_column_count(info);
  const all = Array.from({ length: count }, (_, i) => duckdb.init_get_column_index(info, i));
  // A query that needs no column at all, such as count(*), may request one that does not exist.
  const wanted = all
    .map((column, i) => ({ column, i }))
    .filter((w) => w.column < fn.columns.length);
  const scan = fn.open(
    filter,
    wanted.map((w) => w.column),
  );
  // One thread, because the rows must stay in the order of the trace.
  duckdb.init_set_max_threads(info, 1);
  const open: OpenScan = { scan, outputs: wanted.map((w) => w.i) };
  duckdb.init_set_init_data(info, open);
}

function fillChunk({ scan, outputs }: OpenScan, chunk: duckdb.DataChunk): void {
  const writers = outputs.map((i) => new VectorWriter(duckdb.data_chunk_get_vector(chunk, i)));
  duckdb.data_chunk_set_size(chunk, scan.next(writers));
}

function stringList(value: duckdb.Value): string[] | null {
  if (duckdb.is_null_value(value)) return null;
  const size = duckdb.get_list_size(value);
  return Array.from({ length: size }, (_, i) =>
    duckdb.get_varchar(duckdb.get_list_child(value, i)),
  );
}
