/** When a recording ends. */
import type { BatchInfo, TraceReader } from '../../traces/index.js';

/**
 * The latest time of an event that is not a snapshot, in nanoseconds of the trace's clock; null when
 * there is no such event. It reads only batches that may have it.
 * @throws VfrError when one of these is damaged
 */
export function lastTimeOf(reader: TraceReader): bigint | null {
  const snapshot = reader.dictionaries.kind.indexOf('snapshot');
  let last: bigint | null = null;
  for (const info of reader.batches.toReversed()) {
    if (info.rows === 0 || (last !== null && info.stats.tsMax <= last)) continue;
    const latest = latestIn(reader, info, snapshot);
    if (latest !== null && (last === null || latest > last)) last = latest;
  }
  return last;
}

function latestIn(reader: TraceReader, info: BatchInfo, snapshot: number): bigint | null {
  const batch = reader.batch(info);
  const [kind, ts] = [batch.column('kind'), batch.column('ts')];
  let latest: bigint | null = null;
  for (let row = 0; row < batch.rows; row++) {
    if (kind.id(row) === snapshot) continue;
    // Most events are later than the one before, so that few are compared exactly.
    if (latest !== null && ts.number(row) < Number(latest)) continue;
    const own = ts.big(row);
    if (latest === null || own > latest) latest = own;
  }
  return latest;
}
