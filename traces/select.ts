/** Choosing events by seq, time, kind and device, without reading batches that cannot hold any. */
import type { Batch } from './batch.js';
import type { BatchInfo, TraceReader } from './reader.js';
import type { DictColumn } from './schema.js';
import type { StatsColumn } from './stats.js';

/** What an event must be to pass; a part that is missing lets every event pass. */
export interface Filter {
  /** First and last sequence number, inclusive. */
  readonly seq?: readonly [first: number, last: number];
  /** First and last time in nanoseconds of the trace's clock, inclusive. */
  readonly ts?: readonly [first: bigint, last: bigint];
  /** Kinds, one of which it must have. */
  readonly kinds?: readonly string[];
  /** Devices, one of which it must concern. */
  readonly devices?: readonly string[];
}

/** The rows of a batch that pass, in ascending order. */
export interface Selection {
  readonly batch: Batch;
  readonly rows: readonly number[];
}

/** The columns of a filter that go by dictionary id, with the ids that pass. */
type WantedIds = readonly {
  readonly column: DictColumn & StatsColumn;
  readonly ids: Set<number>;
}[];

/** Yields what passes, batch by batch; a batch without any such event is not yielded. */
export function* select(reader: TraceReader, filter: Filter): Generator<Selection> {
  const wanted = wantedIds(reader, filter);
  for (const info of reader.batches) {
    if (!mayHold(info, filter, wanted)) continue;
    const batch = reader.batch(info);
    const rows = passing(batch, filter, wanted);
    if (rows.length > 0) yield { batch, rows };
  }
}

/** The batches that may hold an event that passes, by their statistics alone. */
export function candidates(reader: TraceReader, filter: Filter): BatchInfo[] {
  const wanted = wantedIds(reader, filter);
  return reader.batches.filter((info) => mayHold(info, filter, wanted));
}

function wantedIds(reader: TraceReader, { kinds, devices }: Filter): WantedIds {
  const columns = [
    ['kind', kinds],
    ['device', devices],
  ] as const;
  return columns.flatMap(([column, names]) => {
    if (names === undefined) return [];
    const entries = reader.dictionaries[column];
    const ids = new Set(names.flatMap((name) => indexes(entries, name)));
    return [{ column, ids }];
  });
}

/** A hostile dictionary may hold a string twice. */
const indexes = (entries: readonly string[], name: string) =>
  entries.flatMap((entry, i) => (entry === name ? [i] : []));

function mayHold({ rows, seqFirst, stats }: BatchInfo, filter: Filter, wanted: WantedIds): boolean {
  const { seq, ts } = filter;
  if (seq !== undefined && (seqFirst > seq[1] || seqFirst + rows <= seq[0])) return false;
  if (ts !== undefined && (stats.tsMin > ts[1] || stats.tsMax < ts[0])) return false;
  return wanted.every(({ column, ids }) => stats.ids[column]?.some((id) => ids.has(id)) ?? true);
}

function passing(batch: Batch, { seq, ts }: Filter, wanted: WantedIds): number[] {
  const first = Math.max(0, (seq?.[0] ?? 0) - batch.seqFirst);
  const last = Math.min(batch.rows - 1, (seq?.[1] ?? Number.MAX_SAFE_INTEGER) - batch.seqFirst);
  const times = ts === undefined ? null : batch.column('ts');
  const columns = wanted.map(({ column, ids }) => ({ view: batch.column(column), ids }));
  const rows: number[] = [];
  for (let row = first; row <= last; row++) {
    if (!columns.every(({ view, ids }) => ids.has(view.id(row)))) continue;
    if (times !== null && ts !== undefined) {
      const time = times.big(row);
      if (time < ts[0] || time > ts[1]) continue;
    }
    rows.push(row);
  }
  return rows;
}
