/** Makes a new trace from an old one: everything that can be saved, or a part of it. */
import { EventCopier, type EventEdit } from './event-copier.js';
import { ESSENTIAL, type SalvageLoss, salvage } from './salvage.js';
import { type Filter, rowFilter } from './select-events.js';
import type { TraceReader } from './trace-reader.js';
import type { TraceWriter } from './trace-writer.js';

/** What `rewriteTrace` did. */
export interface Rewritten {
  readonly events: number;
  readonly losses: readonly SalvageLoss[];
}

/**
 * Copies everything that can be read and passes `filter` to `writer`, without finishing it. Missing
 * parts become `lost` events at their place. `lost` events of the input always pass, unless they
 * lie outside the filter's range of seq or time.
 * @param edit changes each event that is written
 */
export function rewriteTrace(
  reader: TraceReader,
  writer: TraceWriter,
  filter: Filter,
  edit: EventEdit | null = null,
): Rewritten {
  const copier = new EventCopier(writer.events, reader, 0n, edit);
  const rows = rowFilter(reader, withLosses(filter));
  const losses: SalvageLoss[] = [];
  let events = 0;
  let ts: bigint = reader.batches[0]?.stats.tsMin ?? 0n;
  const essential = [...ESSENTIAL, ...rows.columns];
  for (const item of salvage(reader, rows.mayHold, essential)) {
    if (item.type === 'loss') {
      if (!concerns(item.loss, filter, ts)) continue;
      losses.push(item.loss);
      copier.appendLoss(item.loss, ts);
      continue;
    }
    copier.prepare(item);
    for (const row of rows.passing(item.batch)) {
      copier.copy(row);
      events++;
    }
    ts = copier.time(item.batch.rows - 1);
  }
  const { forgotten } = copier;
  if (forgotten !== null) {
    losses.push(forgotten);
    copier.appendLoss(forgotten, ts);
  }
  if (Object.keys(filter).length === 0) writer.countLost(reader.end?.lost ?? 0);
  return { events, losses };
}

/** `lost` events concern every kind and device, since what was lost is not known. */
const withLosses = (filter: Filter): Filter => ({ ...filter, always: ['lost'] });

/** Whether a loss may include events that pass. */
function concerns({ seq, events }: SalvageLoss, filter: Filter, ts: bigint): boolean {
  const [first, last] = filter.seq ?? [0, Number.MAX_SAFE_INTEGER];
  const inSeq = seq <= last && (events === null || seq + Math.max(events, 1) > first);
  const inTime = filter.ts === undefined || (ts >= filter.ts[0] && ts <= filter.ts[1]);
  return inSeq && inTime;
}
