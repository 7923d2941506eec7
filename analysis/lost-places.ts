/** Where events are missing from a trace. */
import type { TraceReader } from '../traces/index.js';
import { eventsOfKind } from './events-of-kind.js';

/**
 * Positions at which events are missing, in ascending order: at `lost` events, before a batch that
 * does not follow the one before it, and at the end of a trace that was cut.
 */
export function lostPlaces(reader: TraceReader): readonly number[] {
  const lost = Array.from(eventsOfKind(reader, 'lost'), ({ batch, row }) => batch.seqFirst + row);
  const places = [...lost, ...gaps(reader).map(({ seq }) => seq)];
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
