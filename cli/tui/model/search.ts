/** Searches all events for a text, a batch at a time. */
import { setImmediate as breathe } from 'node:timers/promises';
import {
  type Batch,
  type BatchInfo,
  ColumnMemory,
  STATS_COLUMNS,
  type StatsColumn,
  type TraceReader,
} from '../../../traces/index.js';
import { SeqList } from './seq-list.js';

/** A dictionary column, and the ids whose strings contain the text. */
interface Wanted {
  readonly column: StatsColumn;
  readonly ids: ReadonlySet<number>;
}

/**
 * Sequence numbers of the events with a text in one of their strings, ignoring case, ascending.
 * Other work runs between the batches.
 * @param signal ends the search, which then throws its reason
 * @throws VfrError when a column that is searched is damaged
 */
export async function eventsWith(
  reader: TraceReader,
  text: string,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const needle = text.toLowerCase();
  const wanted = STATS_COLUMNS.map((column): Wanted => {
    const strings = reader.dictionaries[column];
    const found = strings.flatMap((s, id) => (s.toLowerCase().includes(needle) ? [id] : []));
    return { column, ids: new Set(found) };
  });
  const seqs = new SeqList();
  const memory = new ColumnMemory();
  for (const info of reader.batches) {
    const hits = new Uint8Array(info.rows);
    const batch = reader.batch(info, memory);
    for (const one of wanted) if (mayHold(info, one)) markIds(batch, one, hits);
    markTexts(batch, needle, hits);
    for (let row = 0; row < hits.length; row++) if (hits[row] === 1) seqs.push(info.seqFirst + row);
    memory.reset();
    await breathe(undefined, { signal });
  }
  return seqs.values;
}

const mayHold = ({ stats }: BatchInfo, { column, ids }: Wanted) =>
  ids.size > 0 && stats.ids[column]?.some((id) => ids.has(id)) !== false;

function markIds(batch: Batch, { column, ids }: Wanted, hits: Uint8Array): void {
  const view = batch.column(column);
  const flags = Uint8Array.from(view.entries, (_, id) => (ids.has(id) ? 1 : 0));
  for (let row = 0; row < hits.length; row++) {
    if (flags[view.ids[row]] === 1 && view.has(row)) hits[row] = 1;
  }
}

function markTexts(batch: Batch, needle: string, hits: Uint8Array): void {
  if (batch.isNull('text')) return;
  const view = batch.column('text');
  // Most batches do not contain it anywhere; searching all their texts as one string is the fastest
  // test.
  if (!view.bytes.toString().toLowerCase().includes(needle)) return;
  for (let row = 0; row < hits.length; row++) {
    if (view.text(row)?.toLowerCase().includes(needle) === true) hits[row] = 1;
  }
}
