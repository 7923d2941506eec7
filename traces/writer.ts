import { EventAppender, type PendingBatch } from './appender.js';
import { type EncodedMessage, encodeBatch, encodeDictionary, encodeSchema } from './arrow.js';
import { assert } from './assert.js';
import { BytesBuilder } from './columns.js';
import { END_KEY, formatEnd } from './end.js';
import { END_OF_STREAM, sealFrame } from './frame.js';
import { formatMeta } from './meta.js';
import { DICT_COLUMNS, type DictColumn, type TraceMeta } from './schema.js';
import type { Sink } from './sink.js';
import { collectIds, formatStats, STATS_KEY } from './stats.js';
import { toNanos } from './units.js';
import { DEFAULT_LEVEL } from './zstd.js';

export interface WriterOptions {
  /** Rows per batch: larger is smaller on disk, and loses more when the recorder is killed. */
  readonly batchRows?: number;
  /** zstd level, 1 to 19. */
  readonly level?: number;
}

/** Measured best of size against memory on the shipped recording (docs/performance.md). */
export const DEFAULT_BATCH_ROWS = 1 << 16;

/**
 * Writes a trace: schema first, then for every batch the dictionaries that grew and the batch, last
 * an end marker. Every frame goes to the sink whole; a reader finds all frames before a cut.
 */
export class TraceWriter {
  readonly events: EventAppender;
  readonly #sink: Sink;
  readonly #level: number;
  readonly #written = new Map<DictColumn, number>();
  #batches = 0;
  #lost = 0;
  #finished = false;

  constructor(sink: Sink, meta: TraceMeta, options: WriterOptions = {}) {
    this.#sink = sink;
    this.#level = options.level ?? DEFAULT_LEVEL;
    const rows = options.batchRows ?? DEFAULT_BATCH_ROWS;
    this.events = new EventAppender(rows, (batch) => this.#writeBatch(batch));
    this.#write({ metadata: encodeSchema(formatMeta(meta)), body: new Uint8Array(0) });
  }

  /** Batches written so far. */
  get batches(): number {
    return this.#batches;
  }

  /** Adds to the number of events that the sources lost, which the end marker repeats. */
  countLost(events: number): void {
    assert(events >= 0, 'a number of lost events is not negative');
    this.#lost += events;
  }

  /** Writes what has been committed so far as a batch of its own. */
  flush(): void {
    this.events.flush();
  }

  /** Writes the rest and the end marker, which tells a whole trace from a cut one. */
  finish(): void {
    assert(!this.#finished, 'a trace is finished once');
    this.events.flush();
    this.#finished = true;
    const end = formatEnd({ events: this.events.seq, batches: this.#batches, lost: this.#lost });
    // Arrow readers want a dictionary for each dictionary column, even in a trace without events.
    this.#writeDictionaries();
    this.#write(encodeBatch(0, this.events.emptyColumns(), [[END_KEY, end]], this.#level));
    this.#sink.write(END_OF_STREAM);
  }

  #writeBatch(batch: PendingBatch): void {
    this.#writeDictionaries();
    const { rows, seqFirst, columns } = batch;
    const stats = formatStats({
      seqFirst,
      rows,
      tsMin: toNanos(batch.tsMin),
      tsMax: toNanos(batch.tsMax),
      ids: collectIds(columns, rows),
    });
    this.#write(encodeBatch(rows, columns, [[STATS_KEY, stats]], this.#level));
    this.#batches++;
  }

  /**
   * Replaces every dictionary that grew. A delta would be smaller, but not every Arrow reader takes
   * one (polars refuses them), and after a damaged delta all later ids would be lost.
   */
  #writeDictionaries(): void {
    for (const name of DICT_COLUMNS) {
      const { entries, size } = this.events.dictionaries[name];
      if (this.#written.get(name) === size) continue;
      const strings = new BytesBuilder(size);
      entries.forEach((entry, id) => {
        strings.setText(id, entry);
      });
      this.#write(encodeDictionary(name, size, strings.buffers(size), this.#level));
      this.#written.set(name, size);
    }
  }

  #write({ metadata, body }: EncodedMessage): void {
    this.#sink.write(sealFrame(metadata, body));
    if (body.byteLength > 0) this.#sink.write(body);
  }
}
