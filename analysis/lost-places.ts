/** Where events are missing from a trace. */
import type { TraceReader } from '../traces/index.js';

/**
 * Positions at which events are missing, in ascending order: at `lost` events, before a batch that
 * does not follow the one before it, and at the end of a trace that was cut.
 */
export function lostPlaces(reader: TraceReader): readonly number[] {
  const places = [...lostEvents(reader), ...gaps(reader).map(({ seq }) => seq)];
  if (reader.completeness.truncated) places.push(Number.POSITIVE_INFINITY);
  return places.sort((a, b) => a - b);
}

/** A range of positions without events. */
export interface Gap {
  /** The first missing event. */
  readonly seq: number;
  readonly events: number;
}

/** Ranges of events that the file does not have, or that cannot be read. */
export function gaps(reader: TraceReader): readonly Gap[] {
  const found: Gap[] = [];
  let next = 0;
  for (const { seqFirst, rows } of reader.batches) {
    if (seqFirst > next) found.push({ seq: next, events: seqFirst - next });
    next = Math.max(next, seqFirst + rows);
  }
  return found;
}

/** Positions of the `lost` events. Batches without one are not read. */
function* lostEvents(reader: TraceReader): Generator<number> {
  const lost = reader.dictionaries.kind.indexOf('lost');
  if (lost < 0) return;
  for (const info of reader.batches) {
    if (info.stats?.ids.kind?.includes(lost) === false) continue;
    const batch = reader.batch(info);
    const kind = batch.column('kind');
    for (let row = 0; row < batch.rows; row++)
      if (kind.id(row) === lost) yield batch.seqFirst + row;
  }
}
