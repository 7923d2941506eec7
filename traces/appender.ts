import { assert } from './assert.js';
import type { ColumnBuffers } from './columns.js';
import { Dictionary } from './dictionary.js';
import { EventColumns } from './event-columns.js';
import { type Kind, PHASES, type Phase, type Source } from './kinds.js';
import { BATCH_BYTES_MAX, ROWS_MAX, VALUE_BYTES_MAX } from './limits.js';
import { DICT_COLUMNS, type DictColumn, type IntColumn, type WordColumn } from './schema.js';
import { type Seq, toSeq } from './units.js';

/** The columns that the appender itself fills. */
type OwnColumn = 'seq' | 'ts' | 'source' | 'kind' | 'phase';

const NS_PER_S = 1_000_000_000;
const TWO_32 = 0x1_0000_0000;
const LOW_WORD = 0xffff_ffffn;
/** Below this many seconds a time in nanoseconds fits 53 bits. */
const SECONDS_IN_53_BITS = 9_007_199;
/** What ends a text that was longer than a value may be. */
const CUT = ' (cut short)';

/** A full batch, as the writer takes it; the buffers are overwritten after the call. */
export interface PendingBatch {
  readonly rows: number;
  readonly seqFirst: Seq;
  readonly min: bigint;
  readonly max: bigint;
  readonly columns: readonly ColumnBuffers[];
}

/**
 * Appends events to preallocated columns: `begin`, the setters of what applies, `commit`. A column
 * that is not set is null. Nothing is allocated per event.
 */
export class EventAppender {
  readonly dictionaries = Object.fromEntries(
    DICT_COLUMNS.map((name) => [name, new Dictionary()]),
  ) as Record<DictColumn, Dictionary>;

  readonly #columns: EventColumns;
  readonly #begin: number;
  readonly #end: number;
  readonly #point: number;
  #source = 0;
  #row = 0;
  #open = false;
  #seqFirst = 0;
  #tsLow = 0;
  #tsHigh = 0;

  /** @param capacity rows per batch */
  constructor(
    readonly capacity: number,
    private readonly flushBatch: (batch: PendingBatch) => void,
  ) {
    assert(Number.isInteger(capacity) && capacity > 0, 'capacity is a positive integer');
    assert(capacity <= ROWS_MAX, `a batch has at most ${ROWS_MAX} rows`);
    this.#columns = new EventColumns(capacity);
    const { phase } = this.dictionaries;
    [this.#begin, this.#end, this.#point] = PHASES.map((name) => phase.id(name));
  }

  /** Sequence number of the open event, or of the next one. */
  get seq(): Seq {
    return toSeq(this.#seqFirst + this.#row);
  }

  /** Rows committed but not handed on yet. */
  get pending(): number {
    return this.#row;
  }

  /** Names what records the events that follow. */
  source(source: Source): void {
    this.#source = this.dictionaries.source.id(source);
  }

  /** The same by dictionary id. */
  sourceId(id: number): void {
    this.#source = id;
  }

  /** Id of a kind, to be looked up once and passed to `begin`. */
  kind(kind: Kind): number {
    return this.dictionaries.kind.id(kind);
  }

  /** Opens the next event. @param kind an id from `kind()` */
  begin(kind: number, phase: Phase): void {
    assert(!this.#open, 'the event before was committed');
    this.#open = true;
    const phaseId = phase === 'begin' ? this.#begin : phase === 'end' ? this.#end : this.#point;
    this.#columns.source.set(this.#row, this.#source);
    this.#columns.kind.set(this.#row, kind);
    this.#columns.phase.set(this.#row, phaseId);
  }

  /** Time as seconds and nanoseconds, both non-negative; exact for every 64-bit time. */
  time(seconds: number, nanoseconds: number): void {
    if (seconds < SECONDS_IN_53_BITS) {
      const time = seconds * NS_PER_S + nanoseconds;
      const word = Math.floor(time / TWO_32);
      this.timeWords(time - word * TWO_32, word);
    } else {
      this.#longTime(seconds, nanoseconds);
    }
  }

  /**
   * The product does not fit 53 bits, so it is made of the high and the low half of the seconds.
   */
  #longTime(seconds: number, nanoseconds: number): void {
    const half = Math.floor(seconds / 0x1_0000);
    const high = half * NS_PER_S;
    const word = Math.floor(high / 0x1_0000);
    const low =
      (seconds - half * 0x1_0000) * NS_PER_S + nanoseconds + (high - word * 0x1_0000) * 0x1_0000;
    const carry = Math.floor(low / TWO_32);
    this.timeWords(low - carry * TWO_32, word + carry);
  }

  /** Gives the event the time of the one before: for what has no time of its own. */
  timeOfLast(): void {
    assert(this.#open, 'an event is open');
  }

  /** Time in nanoseconds as the low and high 32 bits. An event without one has that of the last. */
  timeWords(low: number, high: number): void {
    this.#tsLow = low;
    this.#tsHigh = high;
  }

  dict(column: Exclude<DictColumn, OwnColumn>, id: number): void {
    switch (column) {
      case 'device':
        this.#columns.device.set(this.#row, id);
        break;
      case 'name':
        this.#columns.name.set(this.#row, id);
        break;
      case 'task':
        this.#columns.task.set(this.#row, id);
        break;
      case 'path':
        this.#columns.path.set(this.#row, id);
        break;
      case 'driver':
        this.#columns.driver.set(this.#row, id);
        break;
    }
  }

  /** Sets a dictionary column by its string. */
  string(column: Exclude<DictColumn, OwnColumn>, text: string): void {
    this.dict(column, this.dictionaries[column].id(text));
  }

  int(column: IntColumn, value: number): void {
    switch (column) {
      case 'cpu':
        this.#columns.cpu.set(this.#row, value);
        break;
      case 'tid':
        this.#columns.tid.set(this.#row, value);
        break;
      case 'pid':
        this.#columns.pid.set(this.#row, value);
        break;
      case 'region':
        this.#columns.region.set(this.#row, value);
        break;
    }
  }

  /** Sets a 64-bit column from an integer of at most 53 bits. */
  word(column: Exclude<WordColumn, OwnColumn>, value: number): void {
    switch (column) {
      case 'offset':
        this.#columns.offset.set(this.#row, value);
        break;
      case 'length':
        this.#columns.length.set(this.#row, value);
        break;
      case 'value':
        this.#columns.value.set(this.#row, value);
        break;
      case 'ret':
        this.#columns.ret.set(this.#row, value);
        break;
      case 'span':
        this.#columns.span.set(this.#row, value);
        break;
    }
  }

  words(column: Exclude<WordColumn, OwnColumn>, low: number, high: number): void {
    switch (column) {
      case 'offset':
        this.#columns.offset.setWords(this.#row, low, high);
        break;
      case 'length':
        this.#columns.length.setWords(this.#row, low, high);
        break;
      case 'value':
        this.#columns.value.setWords(this.#row, low, high);
        break;
      case 'ret':
        this.#columns.ret.setWords(this.#row, low, high);
        break;
      case 'span':
        this.#columns.span.setWords(this.#row, low, high);
        break;
    }
  }

  big(column: Exclude<WordColumn, OwnColumn>, value: bigint): void {
    this.words(column, Number(value & LOW_WORD), Number((value >> 32n) & LOW_WORD));
  }

  /** @param bytes at most `VALUE_BYTES_MAX` */
  data(bytes: Uint8Array): void {
    assert(bytes.byteLength <= VALUE_BYTES_MAX, 'a value is within its limit');
    this.#columns.data.setBytes(this.#row, bytes);
  }

  /** Sets the text; one that is longer than a value may be is cut, and says so. */
  text(text: string): void {
    const fits = text.length * 3 <= VALUE_BYTES_MAX || Buffer.byteLength(text) <= VALUE_BYTES_MAX;
    const rest = Math.floor((VALUE_BYTES_MAX - CUT.length) / 3);
    this.#columns.text.setText(this.#row, fits ? text : text.slice(0, rest) + CUT);
  }

  /** Sets the text from the UTF-8 bytes `bytes[start..end)`. */
  textBytes(bytes: Buffer, start: number, end: number): void {
    this.#columns.text.setUtf8(this.#row, bytes, start, end);
  }

  /** Closes the open event and gives it its place in the trace. */
  commit(): Seq {
    assert(this.#open, 'an event is open');
    this.#open = false;
    const seq = this.seq;
    this.#columns.seq.set(this.#row, seq);
    this.#columns.ts.setWords(this.#row, this.#tsLow, this.#tsHigh);
    this.#row++;
    if (this.#row === this.capacity || this.#columns.variableBytes >= BATCH_BYTES_MAX) this.flush();
    return seq;
  }

  /** Hands on what has been committed, if anything. */
  flush(): void {
    assert(!this.#open, 'no event is open');
    if (this.#row === 0) return;
    const rows = this.#row;
    this.#columns.span.carry(rows);
    this.flushBatch({
      rows,
      seqFirst: toSeq(this.#seqFirst),
      ...this.#columns.ts.range(rows),
      columns: this.#columns.buffers(rows),
    });
    this.#columns.clear(rows);
    this.#seqFirst += rows;
    this.#row = 0;
  }

  /** The columns of a batch without rows. */
  emptyColumns(): readonly ColumnBuffers[] {
    return this.#columns.buffers(0);
  }
}
