/** The events of one or several traces as a table function of DuckDB. */
import {
  type Batch,
  type BatchInfo,
  type BytesView,
  COLUMNS,
  type Column,
  ColumnMemory,
  type ColumnType,
  DICT_COLUMNS,
  type DictColumn,
  firstIndex,
  type IntColumn,
  type TraceReader,
  type WordColumn,
} from '../traces/index.js';
import {
  type Scan,
  type ScanFunction,
  type SqlColumn,
  type SqlType,
  StringTable,
  VECTOR_ROWS,
  type VectorWriter,
} from './duckdb.js';
import { lostPlaces } from './lost-places.js';
import { validText } from './utf8.js';
import {
  copyBytes,
  copyCount,
  copyDict,
  copyFirst,
  copyInts,
  copyWords,
  type Rows,
} from './vector-copy.js';

/** A trace, and its name in the column `trace`. */
export interface NamedTrace {
  readonly name: string;
  readonly reader: TraceReader;
}

const SQL_TYPES: Record<ColumnType, SqlType> = {
  u64: 'u64',
  i64: 'i64',
  u32: 'u32',
  u16: 'u16',
  i16: 'i16',
  dict: 'text',
  utf8: 'text',
  binary: 'blob',
};

/** The column that says at how many places after an event others are missing. */
const LOST_AFTER = 'lost_after';

/** A requested column: one of the trace, or one that the scan adds. */
type Wanted = Column | 'trace' | typeof LOST_AFTER;

/** A trace with its dictionaries in DuckDB's memory. */
interface Source extends NamedTrace {
  /** Where events are missing; found when a query first needs it. */
  readonly lost: () => readonly number[];
  readonly tables: Readonly<Record<DictColumn, StringTable>>;
  readonly nameTable: StringTable;
}

/**
 * The table function `events_of(kinds)`: the events of these kinds, or of all kinds for null, in
 * the order of the traces. Batches without such an event are skipped unread. The first column,
 * `trace`, names the trace of an event. The last, `lost_after`, is at how many later places events
 * are missing.
 */
export function eventsOf(traces: readonly NamedTrace[]): ScanFunction {
  const sources = traces.map(prepare);
  const own: SqlColumn[] = COLUMNS.map((c) => ({ name: c.name, type: SQL_TYPES[c.type] }));
  return {
    name: 'events_of',
    columns: [{ name: 'trace', type: 'text' }, ...own, { name: LOST_AFTER, type: 'u64' }],
    rows: traces.reduce((sum, { reader }) => sum + reader.events, 0),
    open: (kinds, columns) => {
      // The column `trace` precedes a trace's own columns.
      const wanted = columns.map((i) =>
        i === 0 ? 'trace' : i > COLUMNS.length ? LOST_AFTER : COLUMNS[i - 1],
      );
      return new EventScan(sources, kinds, wanted);
    },
  };
}

function prepare({ name, reader }: NamedTrace): Source {
  const tables = DICT_COLUMNS.map((c) => [c, new StringTable(reader.dictionaries[c])] as const);
  return {
    name,
    reader,
    tables: Object.fromEntries(tables) as Record<DictColumn, StringTable>,
    nameTable: new StringTable([name]),
    lost: once(() => lostPlaces(reader)),
  };
}

function once<T>(compute: () => T): () => T {
  let value: T | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}

class EventScan implements Scan {
  readonly #todo: Iterator<{ source: Source; info: BatchInfo }>;
  #open: OpenBatch | null = null;
  /** Used only by the open batch. */
  readonly #memory = new ColumnMemory();

  constructor(
    sources: readonly Source[],
    private readonly kinds: readonly string[] | null,
    private readonly columns: readonly Wanted[],
  ) {
    this.#todo = sources
      .flatMap((source) => source.reader.batches.map((info) => ({ source, info })))
      .values();
  }

  next(out: readonly VectorWriter[]): number {
    while (this.#open === null || this.#open.done) {
      const next = this.#todo.next();
      if (next.done === true) return 0;
      const { source, info } = next.value;
      this.#memory.reset();
      const picked = pickKinds(source.reader, info, this.kinds, this.#memory);
      this.#open = picked === null ? null : new OpenBatch(source, picked.batch, picked.rows);
    }
    return this.#open.next(this.columns, out);
  }
}

/** The rows of a batch with one of some kinds, or null when it has none. */
function pickKinds(
  reader: TraceReader,
  info: BatchInfo,
  kinds: readonly string[] | null,
  memory: ColumnMemory,
): { batch: Batch; rows: Uint32Array | null } | null {
  if (info.rows === 0) return null;
  if (kinds === null) return { batch: reader.batch(info, memory), rows: null };
  const wanted = Uint8Array.from(reader.dictionaries.kind, (kind) => Number(kinds.includes(kind)));
  if (info.stats?.ids.kind?.some((id) => wanted[id] === 1) === false) return null;
  const batch = reader.batch(info, memory);
  const { ids } = batch.column('kind');
  const rows = new Uint32Array(batch.rows);
  let count = 0;
  for (let row = 0; row < ids.length; row++) if (wanted[ids[row]] === 1) rows[count++] = row;
  return count === 0 ? null : { batch, rows: rows.subarray(0, count) };
}

/** A batch with rows that have not been returned yet. */
class OpenBatch {
  #start = 0;
  readonly #size: number;
  #text: BytesView | null = null;

  constructor(
    private readonly source: Source,
    private readonly batch: Batch,
    private readonly picks: Uint32Array | null,
  ) {
    this.#size = picks === null ? batch.rows : picks.length;
  }

  get done(): boolean {
    return this.#start === this.#size;
  }

  next(columns: readonly Wanted[], out: readonly VectorWriter[]): number {
    const count = Math.min(VECTOR_ROWS, this.#size - this.#start);
    const rows: Rows = { start: this.#start, count, picks: this.picks };
    columns.forEach((column, i) => {
      if (column === 'trace') copyFirst(this.source.nameTable, count, out[i]);
      else if (column === LOST_AFTER) this.#copyLostAfter(rows, out[i]);
      else this.#copy(column, rows, out[i]);
    });
    this.#start += count;
    return count;
  }

  #copyLostAfter({ start, count, picks }: Rows, out: VectorWriter): void {
    const places = this.source.lost();
    const after = new Uint32Array(count * 2);
    for (let i = 0; i < count && places.length > 0; i++) {
      const seq = this.batch.seqFirst + (picks === null ? start + i : picks[start + i]);
      after[i * 2] = places.length - firstIndex(places.length, (place) => places[place] > seq);
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
