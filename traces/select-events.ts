/** Selects events by seq, time, kind and device, and skips batches that cannot contain any. */
import type { Batch } from './batch.js';
import type { BatchInfo } from './batch-info.js';
import type { StatsColumn } from './batch-stats.js';
import type { ColumnName } from './event-schema.js';

/** Conditions on an event; an omitted condition lets every event pass. */
export interface Filter {
  /** First and last sequence number, inclusive. */
  readonly seq?: readonly [first: number, last: number];
  /** First and last time in nanoseconds of the trace's clock, inclusive. */
  readonly ts?: readonly [first: bigint, last: bigint];
  /** The event must have one of these kinds. */
  readonly kinds?: readonly string[];
  /** The event must concern one of these devices. */
  readonly devices?: readonly string[];
  /** Kinds that pass regardless of `kinds` and `devices`. */
  readonly always?: readonly string[];
}

/** What selection needs of a trace; `TraceReader` has it. */
export interface Selectable {
  readonly batches: readonly BatchInfo[];
  readonly dictionaries: Readonly<Record<'kind' | 'device', readonly string[]>>;
  batch(info: BatchInfo): Batch;
}

/** The rows of a batch that pass, in ascending order. */
export interface Selection {
  readonly batch: Batch;
  readonly rows: readonly number[];
}

/** A filter in terms of one trace's dictionary ids. */
export interface RowFilter {
  /** The columns that it reads. */
  readonly columns: readonly ColumnName[];
  /** False when, by its statistics alone, no event of the batch can pass. */
  mayHold(info: BatchInfo): boolean;
  /** The rows that pass, in ascending order; decodes only the columns that the filter names. */
  passing(batch: Batch): number[];
}

/** Yields the events that pass, batch by batch; skips batches without any. */
export function* select(reader: Selectable, filter: Filter): Generator<Selection> {
  const { mayHold, passing } = rowFilter(reader, filter);
  for (const info of reader.batches) {
    if (!mayHold(info)) continue;
    const batch = reader.batch(info);
    const rows = passing(batch);
    if (rows.length > 0) yield { batch, rows };
  }
}

export function rowFilter(reader: Selectable, filter: Filter): RowFilter {
  const kinds = idsOf(reader, 'kind', filter.kinds);
  const devices = idsOf(reader, 'device', filter.devices);
  const always = idsOf(reader, 'kind', filter.always ?? []);
  const listed = (info: BatchInfo, column: StatsColumn, ids: ReadonlySet<number> | null) =>
    ids === null || (info.stats.ids[column]?.some((id) => ids.has(id)) ?? true);
  const columns = [
    ...(filter.ts ? (['ts'] as const) : []),
    ...(devices ? (['device'] as const) : []),
  ];
  return {
    columns,
    mayHold: (info) =>
      inRange(info, filter) &&
      (listed(info, 'kind', always) ||
        (listed(info, 'kind', kinds) && listed(info, 'device', devices))),
    passing: (batch) => {
      const kind = kinds === null && devices === null ? null : batch.column('kind');
      const device = devices === null ? null : batch.column('device');
      return rowsInRange(batch, filter).filter((row) => {
        if (kind === null || always?.has(kind.id(row))) return true;
        if (kinds !== null && !kinds.has(kind.id(row))) return false;
        return device === null || devices === null || devices.has(device.id(row));
      });
    },
  };
}

/** The ids of strings, or null when any id passes. A hostile dictionary may hold a string twice. */
function idsOf(
  reader: Selectable,
  column: 'kind' | 'device',
  names: readonly string[] | undefined,
): ReadonlySet<number> | null {
  if (names === undefined) return null;
  const wanted = new Set(names);
  return new Set(reader.dictionaries[column].flatMap((name, id) => (wanted.has(name) ? [id] : [])));
}

function inRange({ rows, seqFirst, stats }: BatchInfo, { seq, ts }: Filter): boolean {
  if (seq !== undefined && (seqFirst > seq[1] || seqFirst + rows <= seq[0])) return false;
  return ts === undefined || (stats.tsMin <= ts[1] && stats.tsMax >= ts[0]);
}

function rowsInRange(batch: Batch, { seq, ts }: Filter): number[] {
  const { rows, seqFirst } = batch;
  const first = Math.max(0, (seq?.[0] ?? 0) - seqFirst);
  const last = Math.min(rows - 1, (seq?.[1] ?? Number.MAX_SAFE_INTEGER) - seqFirst);
  const out = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  if (ts === undefined) return out;
  const times = batch.column('ts');
  return out.filter((row) => times.big(row) >= ts[0] && times.big(row) <= ts[1]);
}
