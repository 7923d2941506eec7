/**
 * The growing columns of one batch: preallocated arrays, written in place.
 *
 * A row is stored whole, nulls included: 26 plain stores cost less than finding out which of them
 * are needed. What is null stands in one word per row, of which the validity bitmaps are made when
 * the batch is full.
 */
import { BytesBuilder } from './bytes-builder.js';
import { bytesOf, type ColumnBuffers, NO_BYTES, writeValidity } from './columns.js';
import { CELL, type EventRow } from './row.js';
import { COLUMNS, type ColumnName } from './schema.js';

const TWO_32 = 0x1_0000_0000;

const bigOf = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low);

type NullableColumn = Exclude<keyof typeof CELL, 'kind' | 'phase' | 'ts'>;
/** Columns of 16 bits in the file, which are narrowed when a batch is handed on. */
const NARROW: ReadonlySet<ColumnName> = new Set(['cpu', 'region'] as const);

/** (Fields are private by TypeScript: `#` costs a check at each of the stores.) */
export class EventColumns {
  readonly data: BytesBuilder;
  readonly text: BytesBuilder;
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
  /** Validity bitmaps by bit, of the columns that have needed one so far. */
  private readonly bitmaps: Uint8Array[] = [];
  private readonly seq: Int32Array;

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
    this.seq = words();
    this.data = new BytesBuilder(capacity);
    this.text = new BytesBuilder(capacity);
  }

  /** Bytes of the columns whose values have no fixed size. */
  get variableBytes(): number {
    return this.data.byteLength + this.text.byteLength;
  }

  /** Stores a row; `data` and `text` are set on their own. */
  store(row: number, source: number, { cells, present }: EventRow): void {
    const word = row * 2;
    this.present[row] = present;
    this.source[row] = source;
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
    this.span[word] = cells[CELL.span];
    this.span[word + 1] = cells[CELL.span + 1];
    this.offset[word] = cells[CELL.offset];
    this.offset[word + 1] = cells[CELL.offset + 1];
    this.length[word] = cells[CELL.length];
    this.length[word + 1] = cells[CELL.length + 1];
    this.value[word] = cells[CELL.value];
    this.value[word + 1] = cells[CELL.value + 1];
    this.ret[word] = cells[CELL.ret];
    this.ret[word + 1] = cells[CELL.ret + 1];
  }

  /** Smallest and largest time of the first `rows` rows, taken as unsigned. */
  timeRange(rows: number): { min: bigint; max: bigint } {
    const words = new Uint32Array(this.ts.buffer, 0, rows * 2);
    const high = words[1];
    let [min, max] = [words[0], words[0]];
    for (let at = 2; at < words.length; at += 2) {
      // A high word lasts for four seconds, so most batches have one only.
      if (words[at + 1] !== high) return longRange(words);
      if (words[at] < min) min = words[at];
      else if (words[at] > max) max = words[at];
    }
    return { min: bigOf(min, high), max: bigOf(max, high) };
  }

  /** The first `rows` rows as Arrow buffers, in the order of the schema. */
  buffers(rows: number, seqFirst: number): readonly ColumnBuffers[] {
    const inAll = commonBits(this.present, rows);
    return COLUMNS.map(({ name, nullable }) => {
      if (name === 'data' || name === 'text') return this[name].buffers(rows);
      if (name === 'seq') return count(this.seq, rows, seqFirst);
      const values = this[name];
      const cells = (rows * values.length) / this.capacity;
      const hasNulls = nullable && ((inAll >>> CELL[name as NullableColumn]) & 1) === 0;
      const nulls = hasNulls ? this.nulls(name as NullableColumn, rows) : NO_NULLS;
      const needed = values.subarray(0, cells);
      const stored = NARROW.has(name) ? new Int16Array(needed) : needed;
      return { ...nulls, buffers: [bytesOf(stored, stored.byteLength)] };
    });
  }

  /** Forgets all rows. */
  clear(rows: number): void {
    this.data.clear(rows);
    this.text.clear(rows);
  }

  /**
   * Tells the nulls of a column apart. What stands in their slots is nobody's business in Arrow:
   * what the row held before.
   */
  private nulls(name: NullableColumn, rows: number): Nulls {
    const bit = CELL[name];
    this.bitmaps[bit] ??= new Uint8Array((this.capacity + 7) >> 3);
    const validity = this.bitmaps[bit].subarray(0, (rows + 7) >> 3);
    const nullCount = rows - writeValidity(this.present, rows, bit, validity);
    if (nullCount === rows) this[name].fill(0);
    else if (name === 'span') carryOver(this.span, this.present, rows);
    return { nullCount, validity };
  }
}

/** Smallest and largest of 64-bit words whose high words differ. */
function longRange(words: Uint32Array): { min: bigint; max: bigint } {
  let [minLow, minHigh, maxLow, maxHigh] = [words[0], words[1], words[0], words[1]];
  for (let at = 2; at < words.length; at += 2) {
    const [low, high] = [words[at], words[at + 1]];
    if (high < minHigh || (high === minHigh && low < minLow)) [minLow, minHigh] = [low, high];
    if (high > maxHigh || (high === maxHigh && low > maxLow)) [maxLow, maxHigh] = [low, high];
  }
  return { min: bigOf(minLow, minHigh), max: bigOf(maxLow, maxHigh) };
}

/**
 * Gives every null of `span` the value before it: a copy costs less in the file than a change and
 * another one back.
 */
function carryOver(words: Int32Array, present: Int32Array, rows: number): void {
  for (let row = 1; row < rows; row++) {
    if (((present[row] >>> CELL.span) & 1) === 1) continue;
    words[row * 2] = words[row * 2 - 2];
    words[row * 2 + 1] = words[row * 2 - 1];
  }
}

type Nulls = Pick<ColumnBuffers, 'nullCount' | 'validity'>;
const NO_NULLS: Nulls = { nullCount: 0, validity: NO_BYTES };

/** The bits that are set in every row. */
function commonBits(present: Int32Array, rows: number): number {
  let common = -1;
  for (let row = 0; row < rows; row++) common &= present[row];
  return common;
}

/** The column `seq`: 64-bit words that count up from `first`. */
function count(words: Int32Array, rows: number, first: number): ColumnBuffers {
  for (let row = 0; row < rows; row++) {
    words[row * 2] = first + row;
    words[row * 2 + 1] = Math.floor((first + row) / TWO_32);
  }
  return { ...NO_NULLS, buffers: [bytesOf(words, rows * 8)] };
}
