import { assert } from './assert.js';
import type { ColumnBuffers } from './column-buffers.js';
import { Dictionary } from './dictionary.js';
import { EventColumns } from './event-columns.js';
import { CELL, EventRow } from './event-row.js';
import { DICT_COLUMNS, type DictColumn } from './event-schema.js';
import { type Kind, PHASES, type Phase, type Source } from './kinds.js';
import { BATCH_BYTES_MAX, ROWS_MAX } from './limits.js';
import { type Seq, toSeq } from './units.js';

const REQUIRED = (1 << CELL.kind) | (1 << CELL.phase);

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
 * Appends events to preallocated columns; nothing is allocated per event. The caller fills a row of
 * its own, which it got from `row`, and appends it.
 */
export class EventAppender {
  readonly dictionaries = Object.fromEntries(
    DICT_COLUMNS.map((name) => [name, new Dictionary()]),
  ) as Record<DictColumn, Dictionary>;

  readonly #columns: EventColumns;
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
    // Phases have the same ids in all traces of this writer, whatever comes first.
    for (const phase of PHASES) this.phase(phase);
  }

  /** Sequence number of the next event. */
  get seq(): Seq {
    return toSeq(this.#seqFirst + this.#row);
  }

  /** Rows committed that the writer has not received yet. */
  get pending(): number {
    return this.#row;
  }

  /** A row for events that `source` records. */
  row(source: Source): EventRow {
    return new EventRow(this.dictionaries.source.id(source));
  }

  /** Dictionary id of `text` in a column, to be set in a row. */
  id(column: DictColumn, text: string): number {
    return this.dictionaries[column].id(text);
  }

  /** Id of a kind, to be looked up once. */
  kind(kind: Kind): number {
    return this.dictionaries.kind.id(kind);
  }

  /** Id of a phase. */
  phase(phase: Phase): number {
    return this.dictionaries.phase.id(phase);
  }

  /**
   * Appends the event that a row holds. The row keeps its columns, for an end that repeats them,
   * but not its text and data.
   */
  append(row: EventRow): Seq {
    assert((row.present & REQUIRED) === REQUIRED, 'an event has a kind and a phase');
    const at = this.#row;
    this.#columns.store(at, row);
    this.#lastLow = row.cells[CELL.ts];
    this.#lastHigh = row.cells[CELL.ts + 1];
    this.#row = at + 1;
    const seq = toSeq(this.#seqFirst + at);
    if (this.#row === this.capacity || this.#columns.variableBytes >= BATCH_BYTES_MAX) this.#hand();
    return seq;
  }

  /** Gives a row the time of the last event: for what has no time of its own. */
  timeOfLast(row: EventRow): void {
    row.timeWords(this.#lastLow, this.#lastHigh);
  }

  /** Hands on what has been committed, if anything. */
  flush(): void {
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
