/** The events of one or several traces as a table function of DuckDB. */
import { type BatchInfo, ColumnMemory } from '../traces/index.js';
import type { Scan, ScanFunction, VectorWriter } from './duckdb.js';
import { OpenBatch } from './open-batch.js';
import { type KindFlags, kindFlags, openWanted, pickKinds } from './pick-rows.js';
import { EVENT_COLUMNS, sqlColumn } from './scan-columns.js';
import type { Source } from './scan-source.js';

/**
 * The table function `events_of(kinds)`: the events of these kinds, or of all kinds for null, in
 * the order of the traces. Batches without such an event are skipped unread. The first column,
 * `trace`, names the trace of an event. The last, `lost_after`, is at how many later places events
 * are missing.
 */
export function eventsOf(sources: readonly Source[]): ScanFunction {
  return {
    name: 'events_of',
    columns: EVENT_COLUMNS.map(sqlColumn),
    rows: sources.reduce((sum, { reader }) => sum + reader.events, 0),
    open: (kinds, columns) => {
      const wanted = columns.map((i) => EVENT_COLUMNS[i]);
      return new BatchScan(sources, kinds, (source, flags, info, memory) => {
        const batch = openWanted(source.reader, info, flags, memory);
        return batch && new OpenBatch(source, batch, pickKinds(batch, flags), wanted);
      });
    },
  };
}

/** Opens a batch with the rows to return; null when it has none. */
type Open = (
  source: Source,
  wanted: KindFlags,
  info: BatchInfo,
  memory: ColumnMemory,
) => OpenBatch | null;

/** Rows of the batches of traces, one batch in memory at a time. */
export class BatchScan implements Scan {
  readonly #todo: Iterator<{ source: Source; wanted: KindFlags; info: BatchInfo }>;
  #open: OpenBatch | null = null;
  /** Used only by the open batch. */
  readonly #memory = new ColumnMemory();

  constructor(
    sources: readonly Source[],
    kinds: readonly string[] | null,
    private readonly open: Open,
  ) {
    this.#todo = sources
      .flatMap((source) => {
        const wanted = kindFlags(source.reader, kinds);
        return source.reader.batches.map((info) => ({ source, wanted, info }));
      })
      .values();
  }

  next(out: readonly VectorWriter[]): number {
    while (this.#open === null || this.#open.done) {
      const next = this.#todo.next();
      if (next.done === true) return 0;
      const { source, wanted, info } = next.value;
      this.#memory.reset();
      this.#open = this.open(source, wanted, info, this.#memory);
    }
    return this.#open.next(out);
  }
}
