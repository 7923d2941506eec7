/**
 * The growing columns of one batch: preallocated arrays, written in place.
 *
 * A row is stored whole, nulls included: 26 plain stores cost less than testing which ones are
 * needed. One word per row says which columns are null; the validity bitmaps are made from these
 * words when the batch is full. Statistics are updated as rows arrive, because a loop over all rows
 * at the end would run before it is compiled.
 */
import { fromWords } from './base/words.js';
import { BytesBuilder } from './bytes-builder.js';
import { bytesOf, type ColumnBuffers, NO_BYTES, writeValidity } from './column-buffers.js';
import { CELL, type EventRow } from './event-row.js';
import { COLUMNS, type ColumnName } from './event-schema.js';
import { DICTIONARY_ROWS_MAX } from './limits.js';

type NullableColumn = Exclude<keyof typeof CELL, 'kind' | 'phase' | 'ts'>;
/** Columns that are 16 bits wide in the file; they are narrowed when a batch is complete. */
const NARROW: ReadonlySet<ColumnName> = new Set(['cpu', 'region'] as const);

/** (Fields are private by TypeScript: `#` costs a check at each store.) */
export class EventColumns {
  private readonly data: BytesBuilder;
  private readonly text: BytesBuilder;
  private readonly present: Int32Array;
  private readonly source: Int32Array;
  private readonly kind: Int32Array;
  private readonly phase: Int32Array;
  private readonly cpu: Int32Array;
  private readonly pid: Int32Array;
  private readonly tid: Int32Array;
  private readonly task: Int32Array;
  private readonly device: Int32Array;
  private readonly driver: Int32Array;
  private readonly path: Int32Array;
  private readonly region: Int32Array;
  private readonly name: Int32Array;
  private readonly ts: Int32Array;
  private readonly span: Int32Array;
  private readonly offset: Int32Array;
  private readonly length: Int32Array;
  private readonly value: Int32Array;
  private readonly ret: Int32Array;
  /** Validity bitmaps, by bit, of the columns that have needed one so far. */
  private readonly bitmaps: Uint8Array[] = [];
  /** Bits that are set in all rows, and in any. */
  private inAll = -1;
  private inAny = 0;
  /** Smallest and largest time, as low and high words. */
  private readonly earliest = new Uint32Array(2);
  private readonly latest = new Uint32Array(2);
  /** Number of rows by id of their kind. */
  private readonly kinds = new Uint32Array(DICTIONARY_ROWS_MAX);
  /** The last span. */
  private spanLow = 0;
  private spanHigh = 0;

  constructor(private readonly capacity: number) {
    const ints = () => new Int32Array(capacity);
    const words = () => new Int32Array(capacity * 2);
    this.present = ints();
    this.source = ints();
    this.kind = ints();
    this.phase = ints();
    this.cpu = ints();
    this.pid = ints();
    this.tid = ints();
    this.task = ints();
    this.device = ints();
    this.driver = ints();
    this.path = ints();
    this.region = ints();
    this.name = ints();
    this.ts = words();
    this.span = words();
    this.offset = words();
    this.length = words();
    this.value = words();
    this.ret = words();
    this.data = new BytesBuilder(capacity);
    this.text = new BytesBuilder(capacity);
  }

  /** Bytes of the columns whose values vary in size. */
  get variableBytes(): number {
    return this.data.byteLength + this.text.byteLength;
  }

  /** Stores an event as row `row`, and drops its text and data, which are the event's own. */
  store(row: number, event: EventRow): void {
    const { cells, present } = event;
    const word = row * 2;
    this.present[row] = present;
    this.source[row] = event.source;
    this.kind[row] = cells[CELL.kind];
    this.phase[row] = cells[CELL.phase];
    this.cpu[row] = cells[CELL.cpu];
    this.pid[row] = cells[CELL.pid];
    this.tid[row] = cells[CELL.tid];
    this.task[row] = cells[CELL.task];
    this.device[row] = cells[CELL.device];
    this.driver[row] = cells[CELL.driver];
    this.path[row] = cells[CELL.path];
    this.region[row] = cells[CELL.region];
    this.name[row] = cells[CELL.name];
    this.ts[word] = cells[CELL.ts];
    this.ts[word + 1] = cells[CELL.ts + 1];
    this.offset[word] = cells[CELL.offset];
    this.offset[word + 1] = cells[CELL.offset + 1];
    this.length[word] = cells[CELL.length];
    this.length[word + 1] = cells[CELL.length + 1];
    this.value[word] = cells[CELL.value];
    this.value[word + 1] = cells[CELL.value + 1];
    this.ret[word] = cells[CELL.ret];
    this.ret[word + 1] = cells[CELL.ret + 1];
    this.storeSpan(word, cells, present);
    this.inAll &= present;
    this.inAny |= present;
    this.kinds[cells[CELL.kind]]++;
    this.widen(row, cells);
    if (event.textValue !== null || event.dataValue !== null) this.storeValues(row, event);
  }

  private storeValues(row: number, event: EventRow): void {
    const { textValue, textStart, textEnd, dataValue } = event;
    if (typeof textValue === 'string') this.text.setText(row, textValue);
    else if (textValue !== null) this.text.setUtf8(row, textValue, textStart, textEnd);
    if (dataValue !== null) this.data.setBytes(row, dataValue);
    event.clearValues();
  }

  /**
   * Stores the previous value in place of a null: a repeated value takes fewer bytes in the file
   * than two changes.
   */
  private storeSpan(word: number, cells: Int32Array, present: number): void {
    if (((present >>> CELL.span) & 1) === 1) {
      this.spanLow = cells[CELL.span];
      this.spanHigh = cells[CELL.span + 1];
    }
    this.span[word] = this.spanLow;
    this.span[word + 1] = this.spanHigh;
  }

  /** Extends the range of times to include the row's. */
  private widen(row: number, cells: Int32Array): void {
    const low = cells[CELL.ts] >>> 0;
    const high = cells[CELL.ts + 1] >>> 0;
    const { earliest, latest } = this;
    if (row === 0 || high < earliest[1] || (high === earliest[1] && low < earliest[0])) {
      earliest[0] = low;
      earliest[1] = high;
    }
    if (row === 0 || high > latest[1] || (high === latest[1] && low > latest[0])) {
      latest[0] = low;
      latest[1] = high;
    }
  }

  /** Smallest and largest time of the rows, taken as unsigned. */
  timeRange(): { min: bigint; max: bigint } {
    const [min, max] = [this.earliest, this.latest].map(([low, high]) => fromWords(low, high));
    return { min, max };
  }

  /**
   * Number of rows by id of their kind.
   * @param size the number of kinds
   */
  countsByKind(size: number): Uint32Array {
    return this.kinds.subarray(0, size);
  }

  /** The first `rows` rows as Arrow buffers, in the order of the schema; `seq` has none. */
  buffers(rows: number): readonly ColumnBuffers[] {
    return COLUMNS.map(({ name, nullable }) => {
      if (name === 'data' || name === 'text') return this[name].buffers(rows);
      if (name === 'seq') return { ...NO_NULLS, buffers: [] };
      const values = this[name];
      const cells = (rows * values.length) / this.capacity;
      const nulls = nullable ? this.nulls(name as NullableColumn, rows) : NO_NULLS;
      const needed = values.subarray(0, cells);
      const stored = NARROW.has(name) ? new Int16Array(needed) : needed;
      return { ...nulls, buffers: [bytesOf(stored, stored.byteLength)] };
    });
  }

  /** Discards all rows. */
  clear(rows: number): void {
    this.data.clear(rows);
    this.text.clear(rows);
    this.inAll = -1;
    this.inAny = this.spanLow = this.spanHigh = 0;
    this.kinds.fill(0);
  }

  /**
   * The nulls of a column. Arrow ignores the values in null slots, so they keep what the row had
   * before.
   */
  private nulls(name: NullableColumn, rows: number): Nulls {
    const bit = CELL[name];
    if (((this.inAll >>> bit) & 1) === 1) return NO_NULLS;
    this.bitmaps[bit] ??= new Uint8Array((this.capacity + 7) >> 3);
    const validity = this.bitmaps[bit].subarray(0, (rows + 7) >> 3);
    if (((this.inAny >>> bit) & 1) === 1) {
      return { nullCount: rows - writeValidity(this.present, rows, bit, validity), validity };
    }
    this[name].fill(0);
    return { nullCount: rows, validity: validity.fill(0) };
  }
}

type Nulls = Pick<ColumnBuffers, 'nullCount' | 'validity'>;
const NO_NULLS: Nulls = { nullCount: 0, validity: NO_BYTES };
