/** Which rows of a batch a table function returns. */
import type { Batch, BatchInfo, ColumnMemory, TraceReader } from '../traces/index.js';

/** For each id of a kind whether it is one of those wanted; null when all are. */
export type KindFlags = Uint8Array | null;

export const kindFlags = (reader: TraceReader, kinds: readonly string[] | null): KindFlags =>
  kinds === null
    ? null
    : Uint8Array.from(reader.dictionaries.kind, (kind) => Number(kinds.includes(kind)));

/** Opens a batch, or returns null, without reading it, when it has no event of a wanted kind. */
export function openWanted(
  reader: TraceReader,
  info: BatchInfo,
  wanted: KindFlags,
  memory: ColumnMemory,
): Batch | null {
  if (info.rows === 0) return null;
  const hasNone = wanted !== null && info.stats?.ids.kind?.some((id) => wanted[id] === 1) === false;
  return hasNone ? null : reader.batch(info, memory);
}

/** The rows of the wanted kinds; null when these are all. */
export function pickKinds(batch: Batch, wanted: KindFlags): Uint32Array | null {
  if (wanted === null) return null;
  const { ids } = batch.column('kind');
  const rows = new Uint32Array(batch.rows);
  let count = 0;
  for (let row = 0; row < ids.length; row++) if (wanted[ids[row]] === 1) rows[count++] = row;
  return rows.subarray(0, count);
}

/** Rows of a batch: those that end a span, and all others. */
export interface SplitRows {
  readonly ends: Uint32Array;
  readonly others: Uint32Array;
}

/** @param rows null for all of the batch */
export function splitEnds(batch: Batch, rows: Uint32Array | null): SplitRows {
  const { ids, entries } = batch.column('phase');
  const end = entries.indexOf('end');
  const count = rows === null ? batch.rows : rows.length;
  // Ends are collected from the front, and the others from the back.
  const split = new Uint32Array(count);
  let [front, back] = [0, count];
  for (let i = count - 1; i >= 0; i--) {
    const row = rows === null ? i : rows[i];
    if (ids[row] !== end) split[--back] = row;
  }
  for (let i = 0; front < back; i++) {
    const row = rows === null ? i : rows[i];
    if (ids[row] === end) split[front++] = row;
  }
  return { ends: split.subarray(0, front), others: split.subarray(back) };
}
