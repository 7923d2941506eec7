import type { BatchInfo } from './batch-info.js';
import { VfrError } from './errors.js';
import type { TraceReader } from './trace-reader.js';

/**
 * The time that people's times count from: that of the earliest event, in nanoseconds of the
 * trace's clock. Snapshots do not count, since they may be taken at any time. Null when there are
 * no other events.
 */
export function zeroOf(reader: TraceReader): bigint | null {
  const snapshot = reader.dictionaries.kind.indexOf('snapshot');
  let zero: bigint | null = null;
  for (const info of reader.batches) {
    // Few batches are read: most events are in the order of their times.
    if (zero !== null && info.stats.tsMin >= zero) continue;
    const first = earliest(reader, info, snapshot);
    if (first !== null && (zero === null || first < zero)) zero = first;
  }
  return zero;
}

function earliest(reader: TraceReader, info: BatchInfo, snapshot: number): bigint | null {
  try {
    const batch = reader.batch(info);
    const [kind, ts] = [batch.column('kind'), batch.column('ts')];
    let row = -1;
    for (let i = 0; i < batch.rows; i++) {
      if (kind.id(i) === snapshot) continue;
      // Compared as doubles first; only candidates are compared exactly.
      if (row < 0 || (ts.number(i) <= ts.number(row) && ts.big(i) < ts.big(row))) row = i;
    }
    return row < 0 ? null : ts.big(row);
  } catch (error) {
    // Damage is reported by the code that reads the batch for its content.
    if (error instanceof VfrError) return null;
    throw error;
  }
}
