/** A recording with events left out, as if it had been made later, or had lost some. */
import type { TraceMeta, TraceReader } from '../traces/index.js';
import { BIGS, type EventRow, INTS, STRINGS, traceOf } from './build-trace.js';

/** All events of a trace, as rows. */
export function rowsOf(reader: TraceReader): EventRow[] {
  const rows: EventRow[] = [];
  for (const batch of reader.read()) {
    for (let row = 0; row < batch.rows; row++) rows.push(rowOf(batch, row));
  }
  return rows;
}

type Batch = ReturnType<TraceReader['batch']>;

function rowOf(batch: Batch, row: number): EventRow {
  const out: Record<string, unknown> = {
    kind: batch.column('kind').at(row),
    phase: batch.column('phase').at(row),
    source: batch.column('source').at(row),
    ts: batch.column('ts').big(row),
  };
  for (const name of INTS) {
    const view = batch.column(name);
    if (view.has(row)) out[name] = view.at(row);
  }
  for (const name of BIGS) {
    const view = batch.column(name);
    if (view.has(row)) out[name] = view.big(row);
  }
  for (const name of STRINGS) {
    const view = batch.column(name);
    if (view.has(row)) out[name] = view.at(row);
  }
  const span = batch.column('span');
  if (span.has(row)) out.span = span.number(row);
  const data = batch.column('data').at(row);
  if (data !== null) out.data = Buffer.from(data);
  const text = batch.column('text').text(row);
  if (text !== null) out.text = text;
  return out as unknown as EventRow;
}

/**
 * A trace of some of the events. A gap is marked by a `lost` event when the recorder noticed it; an
 * end whose begin is gone is left out, as an importer does that finds no call to end.
 * @param meta what the trace says of itself
 */
export function without(
  rows: readonly EventRow[],
  isGone: (seq: number, row: EventRow) => boolean,
  marksGaps: boolean,
  meta: Partial<TraceMeta> = {},
): TraceReader {
  const kept: EventRow[] = [];
  const places = new Map<number, number>();
  let gone = 0;
  rows.forEach((row, seq) => {
    if (isGone(seq, row)) {
      gone++;
      return;
    }
    if (gone > 0 && marksGaps) kept.push({ kind: 'lost', value: BigInt(gone), ts: row.ts ?? 0n });
    gone = 0;
    const span = row.span === undefined ? undefined : places.get(row.span);
    if (row.span !== undefined && span === undefined) return;
    places.set(seq, kept.length);
    kept.push(span === undefined ? row : { ...row, span });
  });
  return traceOf(kept, { meta });
}
