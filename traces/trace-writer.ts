import { EventAppender, type PendingBatch } from './appender.js';
import { encodeBatch, encodeDictionary, encodeSchema } from './arrow.js';
import { assert } from './assert.js';
import { collectIds, formatStats, STATS_KEY } from './batch-stats.js';
import { BytesBuilder } from './bytes-builder.js';
import { END_KEY, formatEnd } from './end-mark.js';
import { DICT_COLUMNS, type DictColumn, type TraceMeta } from './event-schema.js';
import { boundedLoss, collectLosses, totalLost } from './loss-counts.js';
import { FrameSealer } from './sealer.js';
import type { Sink } from './sink.js';
import { END_OF_STREAM } from './trace-frame.js';
import { formatMeta } from './trace-meta.js';
import { toNanos } from './units.js';
import { DEFAULT_EFFORT } from './zstd.js';

export interface WriterOptions {
  /**
   * Rows per batch. More rows make the file smaller, but more is lost when the recorder is killed.
   */
  readonly batchRows?: number;
  /** zstd level of addresses and lengths, 1 to 19; no other column is compressed harder. */
  readonly level?: number;
}

/** Best balance of size and memory, measured on the shipped recording (docs/performance.md). */
const DEFAULT_BATCH_ROWS = 1 << 16;

/**
 * Writes a trace: first the schema; then for every batch the dictionaries that grew and the batch;
 * last all dictionaries again and an end marker. The opening is written with the first batch or
 * flush, and every later frame immediately and as a whole, so that a reader finds all frames before
 * a cut. After the sink has failed once, nothing more is written.
 */
export class TraceWriter {
  readonly events: EventAppender;
  readonly #sink: Sink;
  readonly #frames: FrameSealer;
  readonly #level: number;
  readonly #written = new Map<DictColumn, number>();
  /** Events written, by id of their kind. */
  readonly #kinds = new Map<number, number>();
  #batches = 0;
  #lostTold = 0;
  #lostEvents = 0;
  #finished = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(sink: Sink, meta: TraceMeta, options: WriterOptions = {}) {
    this.#sink = sink;
    this.#frames = new FrameSealer((frame) => this.#toSink(frame));
    this.#level = options.level ?? DEFAULT_EFFORT.level;
    const rows = options.batchRows ?? DEFAULT_BATCH_ROWS;
    this.events = new EventAppender(rows, (batch) => this.#writeBatch(batch));
    this.#frames.write({ metadata: encodeSchema(formatMeta(meta)), body: new Uint8Array(0) });
  }

  /** Batches written so far. */
  get batches(): number {
    return this.#batches;
  }

  /** Events written so far by kind, the most frequent first. */
  get kinds(): Readonly<Record<string, number>> {
    const { entries } = this.events.dictionaries.kind;
    const counts = Array.from(this.#kinds, ([id, count]) => [entries[id], count] as const);
    return Object.fromEntries(counts.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
  }

  /**
   * Counts events that a source reported as lost. `lost` events are counted separately and may be
   * the same loss, so the end marker has the larger of the two sums.
   */
  countLost(events: number): void {
    assert(events >= 0, 'a number of lost events is not negative');
    this.#lostTold = boundedLoss(this.#lostTold + events);
  }

  /** Writes the committed events as a batch of their own, or at least the opening. */
  flush(): void {
    this.events.flush();
    this.#frames.open();
  }

  /** Writes the rest and the end marker, which distinguishes a whole trace from a cut one. */
  finish(): void {
    assert(!this.#finished, 'a trace is finished once');
    this.flush();
    this.#finished = true;
    // A second copy, so that no single damage can cost more than one batch its strings. Also, Arrow
    // readers expect a dictionary for each dictionary column, even in a trace without events.
    for (const name of DICT_COLUMNS) this.#writeDictionary(name);
    const counts = {
      events: this.events.seq,
      batches: this.#batches,
      lost: Math.max(this.#lostTold, this.#lostEvents),
    };
    const end = formatEnd({ ...counts, digest: this.#frames.digest(counts) });
    const empty = this.events.emptyColumns();
    this.#frames.write(encodeBatch(0, 0, empty, [[END_KEY, end]], this.#level));
    this.#toSink(END_OF_STREAM);
  }

  #writeBatch(batch: PendingBatch): void {
    for (const name of DICT_COLUMNS) {
      if (this.#written.get(name) !== this.events.dictionaries[name].size) {
        this.#writeDictionary(name);
      }
    }
    const { rows, seqFirst, kinds, columns } = batch;
    kinds.forEach((count, id) => {
      if (count > 0) this.#kinds.set(id, (this.#kinds.get(id) ?? 0) + count);
    });
    const lostKind = this.events.dictionaries.kind.find('lost');
    const mayHoldLost = lostKind !== undefined && kinds[lostKind] > 0;
    const losses = mayHoldLost ? collectLosses(columns, rows, lostKind) : [];
    this.#lostEvents = boundedLoss(this.#lostEvents + totalLost(losses));
    const [tsMin, tsMax] = [toNanos(batch.min), toNanos(batch.max)];
    const ids = collectIds(columns, rows);
    const stats = formatStats({ seqFirst, rows, tsMin, tsMax, ids, losses });
    this.#frames.write(encodeBatch(rows, seqFirst, columns, [[STATS_KEY, stats]], this.#level));
    this.#frames.open();
    this.#batches++;
  }

  /**
   * Replaces a dictionary. A delta would be smaller, but not every Arrow reader accepts one (polars
   * refuses them), and a damaged delta would lose all later ids.
   */
  #writeDictionary(name: DictColumn): void {
    const { entries, size } = this.events.dictionaries[name];
    const strings = new BytesBuilder(size);
    entries.forEach((entry, id) => {
      strings.setText(id, entry);
    });
    this.#frames.write(encodeDictionary(name, size, strings.buffers(size), this.#level));
    this.#written.set(name, size);
  }

  #toSink(bytes: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure.error;
    try {
      this.#sink.write(bytes);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
