import {
  type Batch,
  type BatchInfo,
  ColumnMemory,
  firstIndex,
  type StatsColumn,
  type TraceReader,
} from '../../../traces/index.js';

/** The number of batches that stay decoded: those on the screen, and those just left. */
const BATCHES_MAX = 4;

/** An event: its batch and row. Valid until `BATCHES_MAX` other batches were read. */
export interface EventRef {
  readonly batch: Batch;
  readonly row: number;
  readonly seq: number;
}

interface OpenBatch {
  readonly batch: Batch;
  readonly memory: ColumnMemory;
}

/** The events of a trace by sequence number; reads only the necessary batches. */
export class EventStore {
  #batches: readonly BatchInfo[] = [];
  /** Number of events before each batch. */
  #before = new Float64Array(1);
  #reader: TraceReader;
  readonly #open = new Map<number, OpenBatch>();

  constructor(reader: TraceReader) {
    this.#reader = reader;
    this.grow(reader);
  }

  get reader(): TraceReader {
    return this.#reader;
  }

  /** Has more events of the same trace, which was opened again. */
  grow(reader: TraceReader): void {
    this.#reader = reader;
    this.#batches = reader.batches.filter((info) => info.rows > 0);
    this.#before = new Float64Array(this.#batches.length + 1);
    this.#batches.forEach((info, i) => {
      this.#before[i + 1] = this.#before[i] + info.rows;
    });
  }

  get length(): number {
    return this.#before[this.#batches.length];
  }

  /** Sequence number of the event at a position. Positions have no gaps; damaged traces do. */
  seqAt(position: number): number {
    const i = lastAtMost(this.#before, this.#batches.length, position);
    return this.#batches[i].seqFirst + (position - this.#before[i]);
  }

  /** Position of an event, or of the next existing one. */
  positionOf(seq: number): number {
    const i = this.#batchOf(seq);
    if (i < 0) return 0;
    const { seqFirst, rows } = this.#batches[i];
    return Math.min(this.#before[i] + Math.min(seq - seqFirst, rows), this.length - 1);
  }

  /** Position of an event, or -1 when it does not exist. */
  exactPosition(seq: number): number {
    const position = this.positionOf(seq);
    return this.length > 0 && this.seqAt(position) === seq ? position : -1;
  }

  /** The event, or null when it does not exist. */
  at(seq: number): EventRef | null {
    const i = this.#batchOf(seq);
    if (i < 0) return null;
    const row = seq - this.#batches[i].seqFirst;
    return row < this.#batches[i].rows ? { batch: this.#batch(i), row, seq } : null;
  }

  /**
   * The nearest event after `seq` (before it, for step -1) whose string in a column is one of
   * `values`, and that passes `accept`; batches without any are not read.
   */
  find(
    column: StatsColumn,
    values: readonly string[],
    seq: number,
    step: 1 | -1,
    accept: (seq: number) => boolean,
  ): number | null {
    const entries = this.reader.dictionaries[column];
    const wanted = new Set(values.map((value) => entries.indexOf(value)).filter((id) => id >= 0));
    if (wanted.size === 0) return null;
    for (let i = Math.max(0, this.#batchOf(seq)); i >= 0 && i < this.#batches.length; i += step) {
      const { stats, seqFirst, rows } = this.#batches[i];
      if (stats?.ids[column]?.some((id) => wanted.has(id)) === false) continue;
      const view = this.#batch(i).column(column);
      const from = step > 0 ? Math.max(0, seq + 1 - seqFirst) : Math.min(rows, seq - seqFirst) - 1;
      for (let row = from; row >= 0 && row < rows; row += step) {
        if (wanted.has(view.id(row)) && accept(seqFirst + row)) return seqFirst + row;
      }
    }
    return null;
  }

  /** The event at a position, or null when there are fewer. */
  atPosition(position: number): EventRef | null {
    return position < this.length ? this.at(this.seqAt(position)) : null;
  }

  /** Number of events before a batch. */
  before(info: BatchInfo): number {
    return this.#before[this.#batchOf(info.seqFirst)];
  }

  /** A batch of the trace; kept for as long as those of events. */
  batchOf(info: BatchInfo): Batch {
    return this.#batch(this.#batchOf(info.seqFirst));
  }

  /** Position of the first event at or after a time; near it, where times are not in order. */
  positionAtTime(ts: bigint): number {
    const i = firstIndex(this.#batches.length, (b) => this.#batches[b].stats.tsMax >= ts);
    if (i === this.#batches.length) return Math.max(0, this.length - 1);
    const view = this.#batch(i).column('ts');
    const { rows } = this.#batches[i];
    return (
      this.#before[i] +
      Math.min(
        rows - 1,
        firstIndex(rows, (row) => view.big(row) >= ts),
      )
    );
  }

  /** Number of the last batch that begins at or before an event, -1 when none does. */
  #batchOf(seq: number): number {
    return firstIndex(this.#batches.length, (i) => this.#batches[i].seqFirst > seq) - 1;
  }

  #batch(i: number): Batch {
    const open = this.#open.get(i) ?? this.#read(i);
    // The most recently used one is last.
    this.#open.delete(i);
    this.#open.set(i, open);
    return open.batch;
  }

  /** Opens a batch in the memory of the least recently used one. */
  #read(i: number): OpenBatch {
    let memory = new ColumnMemory();
    if (this.#open.size === BATCHES_MAX) {
      const [oldest, open] = this.#open.entries().next().value!;
      this.#open.delete(oldest);
      memory = open.memory;
      memory.reset();
    }
    return { batch: this.reader.batch(this.#batches[i], memory), memory };
  }
}

/** Index of the last of the first `count` ascending values that is at most `value`. */
function lastAtMost(values: Float64Array, count: number, value: number): number {
  return Math.max(0, firstIndex(count, (i) => values[i] > value) - 1);
}
