import { assert } from './assert.js';
import { highWord, lowWord } from './base/words.js';
import type { ColumnBuffers } from './column-buffers.js';
import { Dictionary } from './dictionary.js';
import { EventColumns } from './event-columns.js';
import { CELL, EventRow } from './event-row.js';
import { DICT_COLUMNS, type DictColumn, type IntColumn, type WordColumn } from './event-schema.js';
import { type Kind, PHASES, type Phase, type Source } from './kinds.js';
import { BATCH_BYTES_MAX, ROWS_MAX, VALUE_BYTES_MAX } from './limits.js';
import { type Seq, toSeq } from './units.js';

/** The columns that the appender itself fills. */
type OwnColumn = 'seq' | 'ts' | 'source' | 'kind' | 'phase';

const REQUIRED = (1 << CELL.kind) | (1 << CELL.phase);
/** Appended to a text that was cut because it was longer than a value may be. */
const CUT = ' (cut short)';

/** A full batch for the writer. The appender overwrites the buffers after the call. */
export interface PendingBatch {
  readonly rows: number;
  readonly seqFirst: Seq;
  readonly min: bigint;
  readonly max: bigint;
  /** Number of rows by id of their kind. */
  readonly kinds: Uint32Array;
  /** In the order of the schema; `seq` follows from `seqFirst`. */
  readonly columns: readonly ColumnBuffers[];
}

/**
 * Appends events to preallocated columns; nothing is allocated per event. There are two ways:
 * `begin`, the setters of the columns that apply, and `commit`, where a column that is not set is
 * null; or `append` of a row that the caller reuses, for events that share most of their columns.
 */
export class EventAppender {
  readonly dictionaries = Object.fromEntries(
    DICT_COLUMNS.map((name) => [name, new Dictionary()]),
  ) as Record<DictColumn, Dictionary>;

  readonly #columns: EventColumns;
  readonly #begin: number;
  readonly #end: number;
  readonly #point: number;
  /** The event that `begin` opened. */
  readonly #open = new EventRow();
  #isOpen = false;
  #source = 0;
  #row = 0;
  #seqFirst = 0;
  #lastLow = 0;
  #lastHigh = 0;

  /** @param capacity rows per batch */
  constructor(
    readonly capacity: number,
    private readonly flushBatch: (batch: PendingBatch) => void,
  ) {
    assert(Number.isInteger(capacity) && capacity > 0, 'capacity is a positive integer');
    assert(capacity <= ROWS_MAX, `a batch has at most ${ROWS_MAX} rows`);
    this.#columns = new EventColumns(capacity);
    [this.#begin, this.#end, this.#point] = PHASES.map((name) => this.phase(name));
  }

  /** Sequence number of the open event, or of the next one. */
  get seq(): Seq {
    return toSeq(this.#seqFirst + this.#row);
  }

  /** Rows committed that the writer has not received yet. */
  get pending(): number {
    return this.#row;
  }

  /** Sets the source of the events that follow. */
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

  /** Id of a phase. */
  phase(phase: Phase): number {
    return this.dictionaries.phase.id(phase);
  }

  /**
   * Appends `row`. The caller keeps it and may reuse it. The event also gets what `data` and `text`
   * were set to since the last event.
   */
  append(row: EventRow): Seq {
    assert((row.present & REQUIRED) === REQUIRED, 'an event has a kind and a phase');
    const at = this.#row;
    this.#columns.store(at, this.#source, row);
    this.#lastLow = row.cells[CELL.ts];
    this.#lastHigh = row.cells[CELL.ts + 1];
    this.#row = at + 1;
    const seq = toSeq(this.#seqFirst + at);
    if (this.#row === this.capacity || this.#columns.variableBytes >= BATCH_BYTES_MAX) this.#hand();
    return seq;
  }

  /** Gives a row the time of the last event, for events without a time of their own. */
  timeOfLast(row = this.#open): void {
    row.timeWords(this.#lastLow, this.#lastHigh);
  }

  /**
   * Opens the next event, at the time of the last one.
   * @param kind an id from `kind()`
   */
  begin(kind: number, phase: Phase): void {
    assert(!this.#isOpen, 'the event before was committed');
    this.#isOpen = true;
    this.#open.clear();
    this.timeOfLast();
    this.#open.set(CELL.kind, kind);
    const id = phase === 'begin' ? this.#begin : phase === 'end' ? this.#end : this.#point;
    this.#open.set(CELL.phase, id);
  }

  /** Time of the open event as seconds and nanoseconds, both non-negative. */
  time(seconds: number, nanoseconds: number): void {
    this.#open.time(seconds, nanoseconds);
  }

  /** Time of the open event in nanoseconds as the low and high 32 bits. */
  timeWords(low: number, high: number): void {
    this.#open.timeWords(low, high);
  }

  dict(column: Exclude<DictColumn, OwnColumn>, id: number): void {
    this.#open.set(CELL[column], id);
  }

  /** Sets a dictionary column by its string. */
  string(column: Exclude<DictColumn, OwnColumn>, text: string): void {
    this.dict(column, this.dictionaries[column].id(text));
  }

  int(column: IntColumn, value: number): void {
    this.#open.set(CELL[column], value);
  }

  /** Sets a 64-bit column from an integer of at most 53 bits. */
  word(column: Exclude<WordColumn, OwnColumn>, value: number): void {
    this.#open.setNumber(CELL[column], value);
  }

  words(column: Exclude<WordColumn, OwnColumn>, low: number, high: number): void {
    this.#open.setWords(CELL[column], low, high);
  }

  big(column: Exclude<WordColumn, OwnColumn>, value: bigint): void {
    this.words(column, lowWord(value), highWord(value));
  }

  /** @param bytes at most `VALUE_BYTES_MAX` */
  data(bytes: Uint8Array): void {
    assert(bytes.byteLength <= VALUE_BYTES_MAX, 'a value is within its limit');
    this.#columns.data.setBytes(this.#row, bytes);
  }

  /** Sets the text. A text longer than a value may be is cut, and ends with a note that it was. */
  text(text: string): void {
    const fits = text.length * 3 <= VALUE_BYTES_MAX || Buffer.byteLength(text) <= VALUE_BYTES_MAX;
    const rest = Math.floor((VALUE_BYTES_MAX - CUT.length) / 3);
    this.#columns.text.setText(this.#row, fits ? text : text.slice(0, rest) + CUT);
  }

  /** Sets the text from the UTF-8 bytes `bytes[start..end)`. */
  textBytes(bytes: Buffer, start: number, end: number): void {
    this.#columns.text.setUtf8(this.#row, bytes, start, end);
  }

  /** Closes the open event and returns its place in the trace. */
  commit(): Seq {
    assert(this.#isOpen, 'an event is open');
    this.#isOpen = false;
    return this.append(this.#open);
  }

  /** Passes the committed rows to the writer, if there are any. */
  flush(): void {
    assert(!this.#isOpen, 'no event is open');
    if (this.#row > 0) this.#hand();
  }

  #hand(): void {
    const rows = this.#row;
    this.flushBatch({
      rows,
      seqFirst: toSeq(this.#seqFirst),
      ...this.#columns.timeRange(),
      kinds: this.#columns.countsByKind(this.dictionaries.kind.size),
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
