import type { Batch, Kind, TraceReader } from '../traces/index.js';

/** The events of a kind in their order. Batches without one are not read. */
export function* eventsOfKind(
  reader: TraceReader,
  kind: Kind,
): Generator<{ readonly batch: Batch; readonly row: number }> {
  const wanted = reader.dictionaries.kind.indexOf(kind);
  if (wanted < 0) return;
  for (const info of reader.batches) {
    if (info.stats?.ids.kind?.includes(wanted) === false) continue;
    const batch = reader.batch(info);
    const kinds = batch.column('kind');
    for (let row = 0; row < batch.rows; row++) if (kinds.id(row) === wanted) yield { batch, row };
  }
}
