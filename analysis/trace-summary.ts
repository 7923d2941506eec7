import {
  type DictColumn,
  type DictView,
  type TraceReader,
  type WhatIsRecorded,
  whatIsRecorded,
} from '../traces/index.js';
import { eventsOfKind } from './events-of-kind.js';

/** Number of events by string. */
export type Counts = Readonly<Record<string, number>>;

/** What a trace holds at a glance. Times are nanoseconds of the trace's clock. */
export interface Summary {
  readonly events: number;
  readonly batches: number;
  readonly bytes: number;
  readonly bytesPerEvent: number | null;
  readonly clock: string;
  /** Earliest time of an event. Snapshots do not count, since they may be taken at any time. */
  readonly startNs: bigint | null;
  readonly endNs: bigint | null;
  readonly durationNs: bigint | null;
  readonly complete: boolean;
  readonly truncated: boolean;
  /** Number of damaged ranges, which were left out. */
  readonly damaged: number;
  /** Events that the sources reported as lost. */
  readonly lost: number;
  /** The texts of losses, with the number of losses of each. */
  readonly lossReasons: Counts;
  /** What a live recording could record; null when the trace does not say. */
  readonly recorded: WhatIsRecorded | null;
  readonly kernel: string | null;
  readonly writer: string;
  readonly notes: Readonly<Record<string, string>>;
  readonly sources: Counts;
  readonly kinds: Counts;
  readonly devices: Counts;
  readonly drivers: Counts;
}

const COUNTED = ['source', 'kind', 'device', 'driver'] as const satisfies readonly DictColumn[];
type Counted = (typeof COUNTED)[number];

/** Sums up a trace in one pass over five columns. @throws VfrError when a batch is damaged */
export function summarize(reader: TraceReader): Summary {
  const counts = countIds(reader);
  const time = timeRange(reader);
  const { complete, truncated, damaged } = reader.completeness;
  const { events } = reader;
  const bytes = reader.source.size;
  const named = (column: Counted) => byName(counts[column], reader.dictionaries[column]);
  return {
    events,
    batches: reader.batches.length,
    bytes,
    bytesPerEvent: events === 0 ? null : Math.round((bytes / events) * 100) / 100,
    clock: reader.meta.clock,
    startNs: time?.start ?? null,
    endNs: time?.end ?? null,
    durationNs: time === null ? null : time.end - time.start,
    complete,
    truncated,
    damaged,
    lost: lostEvents(reader),
    lossReasons: lossTexts(reader),
    recorded: whatIsRecorded(reader.meta),
    kernel: reader.meta.kernel ?? null,
    writer: reader.meta.writer,
    notes: reader.meta.notes,
    sources: named('source'),
    kinds: named('kind'),
    devices: named('device'),
    drivers: named('driver'),
  };
}

function countIds(reader: TraceReader): Record<Counted, Float64Array> {
  const zeros = (column: Counted) => new Float64Array(reader.dictionaries[column].length);
  const counts = Object.fromEntries(COUNTED.map((c) => [c, zeros(c)]));
  for (const batch of reader.read()) {
    for (const column of COUNTED) addIds(batch.column(column), batch.rows, counts[column]);
  }
  return counts as Record<Counted, Float64Array>;
}

function addIds(view: DictView, rows: number, into: Float64Array): void {
  for (let row = 0; row < rows; row++) {
    const id = view.id(row);
    if (id >= 0) into[id]++;
  }
}

/** Counts by string, the most frequent first; strings that never occur are left out. */
function byName(counts: Float64Array, names: readonly string[]): Counts {
  const found = names.map((name, id) => [name, counts[id]] as const).filter(([, n]) => n > 0);
  found.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return Object.fromEntries(found);
}

/** The earliest and the latest time of an event that is no snapshot; null when there is none. */
export function timeRange(reader: TraceReader): { start: bigint; end: bigint } | null {
  const snapshot = reader.dictionaries.kind.indexOf('snapshot');
  let start: bigint | null = null;
  let end = 0n;
  for (const info of reader.batches) {
    // Only where snapshots are among the events the times have to be read.
    if (info.rows > 0 && info.stats.ids.kind?.includes(snapshot) === false) {
      const { tsMin, tsMax } = info.stats;
      if (start === null || tsMin < start) start = tsMin;
      if (tsMax > end) end = tsMax;
      continue;
    }
    const batch = reader.batch(info);
    const kind = batch.column('kind');
    const ts = batch.column('ts');
    // Rows are compared as doubles; only a row that moves a bound is read exactly.
    let low = start === null ? Number.POSITIVE_INFINITY : Number(start);
    let high = Number(end);
    for (let row = 0; row < batch.rows; row++) {
      if (kind.id(row) === snapshot) continue;
      const near = ts.number(row);
      if (near > low && near < high) continue;
      const exact = ts.big(row);
      if (start === null || exact < start) start = exact;
      if (exact > end) end = exact;
      low = Number(start);
      high = Number(end);
    }
  }
  return start === null ? null : { start, end };
}

/** Events that the sources reported as lost; summed up where the end marker is missing. */
export function lostEvents(reader: TraceReader): number {
  const { lost } = reader.completeness;
  if (lost !== null) return lost;
  let sum = 0;
  for (const { batch, row } of eventsOfKind(reader, 'lost'))
    sum += batch.column('value').number(row);
  return sum;
}

/** The most texts to list separately. */
const TEXTS_MAX = 20;

function lossTexts(reader: TraceReader): Counts {
  const counts: Record<string, number> = {};
  for (const { batch, row } of eventsOfKind(reader, 'lost')) {
    const text = batch.column('text').text(row);
    if (text === null) continue;
    const isFull = counts[text] === undefined && Object.keys(counts).length >= TEXTS_MAX;
    const key = isFull ? 'others' : text;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
