/** Counts lost events by source and CPU, from the `lost` events themselves. */
import { assert } from './assert.js';
import { type ColumnBuffers, isSet } from './column-buffers.js';
import { COLUMNS, type ColumnName } from './event-schema.js';

/**
 * Events that one source lost on one CPU. The source is a dictionary id; CPU is null if it is not
 * known.
 */
export interface LossById {
  readonly source: number;
  readonly cpu: number | null;
  readonly events: number;
}

/** The same with the source's name. */
export interface Loss {
  readonly source: string;
  readonly cpu: number | null;
  readonly events: number;
}

/**
 * No source loses this many. A larger number comes from a hostile or damaged input, and must not
 * make the sums in JSON inexact.
 */
const EVENTS_MAX = Number.MAX_SAFE_INTEGER;
/** Limits a number of lost events to the largest exact one. */
/** The most pairs of source and CPU to distinguish; no machine has more. */
const PLACES_MAX = 1 << 16;
export const boundedLoss = (events: number) => Math.min(events, EVENTS_MAX);

const columnIndex = (name: ColumnName) => COLUMNS.findIndex((c) => c.name === name);
const [KIND, SOURCE, CPU, VALUE] = (['kind', 'source', 'cpu', 'value'] as const).map(columnIndex);

/**
 * Sums up the `lost` events of a batch.
 * @param lostKind dictionary id of the kind `lost`
 */
export function collectLosses(
  columns: readonly ColumnBuffers[],
  rows: number,
  lostKind: number,
): LossById[] {
  const view = (column: number) => {
    const { buffer, byteOffset, byteLength } = columns[column].buffers[0];
    return new DataView(buffer, byteOffset, byteLength);
  };
  const [kinds, sources, cpus, values] = [KIND, SOURCE, CPU, VALUE].map(view);
  const losses: LossById[] = [];
  for (let row = 0; row < rows; row++) {
    if (kinds.getInt32(row * 4, true) !== lostKind) continue;
    const cpu = isSet(columns[CPU].validity, row) ? cpus.getUint16(row * 2, true) : null;
    // Without a value the number is unknown, and the bytes in its slot have no meaning.
    const isKnown = isSet(columns[VALUE].validity, row);
    const events = isKnown ? boundedLoss(Number(values.getBigUint64(row * 8, true))) : 0;
    losses.push({ source: sources.getInt32(row * 4, true), cpu, events });
  }
  return sumLosses(losses);
}

/** One entry per source and CPU, in order. */
export function sumLosses<T extends number | string>(
  losses: Iterable<{ readonly source: T; readonly cpu: number | null; readonly events: number }>,
): { source: T; cpu: number | null; events: number }[] {
  const sums = new Map<string, { source: T; cpu: number | null; events: number }>();
  for (const { source, cpu, events } of losses) {
    assert(events >= 0, 'a number of lost events is not negative');
    const isKnown = sums.size < PLACES_MAX || sums.has(`${source}/${cpu}`);
    const place = isKnown ? cpu : null;
    const key = `${source}/${place}`;
    const sum = sums.get(key) ?? { source, cpu: place, events: 0 };
    sum.events = boundedLoss(sum.events + events);
    sums.set(key, sum);
  }
  return [...sums.values()].sort(byPlace);
}

type Placed = { readonly source: number | string; readonly cpu: number | null };

const byPlace = (a: Placed, b: Placed) =>
  a.source < b.source ? -1 : a.source > b.source ? 1 : (a.cpu ?? -1) - (b.cpu ?? -1);

export const totalLost = (losses: Iterable<{ readonly events: number }>): number => {
  let total = 0;
  for (const { events } of losses) total = boundedLoss(total + events);
  return total;
};
