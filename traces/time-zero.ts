import type { BatchInfo } from './batch-info.js';
import { VfrError } from './errors.js';
import type { TraceReader } from './trace-reader.js';

/**
 * The time that times for people count from: that of the earliest event, where snapshots, which may
 * be taken at any time, do not count. In nanoseconds of the trace's clock; null when there is none.
 */
export function zeroOf(reader: TraceReader): bigint | null {
  const snapshot = reader.dictionaries.kind.indexOf('snapshot');
  let zero: bigint | null = null;
  for (const info of reader.batches) {
    // Few batches are looked into: most events come in the order of their times.
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
      // Compared as doubles first: only what may be earlier is read exactly.
      if (row < 0 || (ts.number(i) <= ts.number(row) && ts.big(i) < ts.big(row))) row = i;
    }
    return row < 0 ? null : ts.big(row);
  } catch (error) {
    // What is damaged is told by whoever reads it for what it says.
    if (error instanceof VfrError) return null;
    throw error;
  }
}
