/**
 * What a batch says of itself in its message's custom metadata, so that a reader can skip it:
 * ranges of seq and ts, and the dictionary ids that occur in the columns people filter by.
 */
import { assert } from './assert.js';
import type { ColumnBuffers } from './columns.js';
import { COLUMNS, type DictColumn } from './schema.js';
import { type Nanos, type Seq, toNanos, toSeq } from './units.js';

export const STATS_KEY = 'vfr.stats';
/** Columns of which the batch lists the ids. */
export const STATS_COLUMNS = ['kind', 'device', 'driver', 'source'] as const;
export type StatsColumn = (typeof STATS_COLUMNS)[number];
/** A column with more distinct ids than this in one batch is not listed. */
const IDS_MAX = 256;

export interface BatchStats {
  readonly seqFirst: Seq;
  readonly rows: number;
  readonly tsMin: Nanos;
  readonly tsMax: Nanos;
  /** Ids that occur, by column; a column that is missing may hold any id. */
  readonly ids: Readonly<Partial<Record<StatsColumn, readonly number[]>>>;
}

export function collectIds(columns: readonly ColumnBuffers[], rows: number): BatchStats['ids'] {
  const ids: Partial<Record<StatsColumn, number[]>> = {};
  for (const name of STATS_COLUMNS) {
    const found = distinct(columns[indexOf(name)], rows);
    if (found.size <= IDS_MAX) ids[name] = [...found].sort((a, b) => a - b);
  }
  return ids;
}

const indexOf = (name: DictColumn) => COLUMNS.findIndex((c) => c.name === name);

function distinct({ validity, buffers: [bytes] }: ColumnBuffers, rows: number): Set<number> {
  const values = new Int32Array(bytes.buffer, bytes.byteOffset, rows);
  const found = new Set<number>();
  let last = -1;
  for (let row = 0; row < rows; row++) {
    if (values[row] === last) continue;
    if (validity.byteLength > 0 && ((validity[row >> 3] >> (row & 7)) & 1) === 0) continue;
    last = values[row];
    found.add(last);
  }
  return found;
}

export function formatStats(stats: BatchStats): string {
  const { seqFirst, rows, tsMin, tsMax, ids } = stats;
  return JSON.stringify({ seq: seqFirst, rows, ts: [String(tsMin), String(tsMax)], ids });
}

/**
 * The stats in a message's metadata, or null when they are not of the form that `formatStats` writes
 * (a hostile file), in which case the batch is not skipped by anything.
 */
export function parseStats(text: string | undefined): BatchStats | null {
  try {
    const { seq, rows, ts, ids } = JSON.parse(text ?? '');
    assert(Number.isSafeInteger(seq) && seq >= 0 && Number.isSafeInteger(rows), 'numbers');
    assert(typeof ids === 'object' && ids !== null, 'ids');
    const listed = Object.values(ids).every(
      (list) => Array.isArray(list) && list.every(Number.isInteger),
    );
    assert(listed, 'ids are lists of numbers');
    const [tsMin, tsMax] = [toNanos(BigInt(ts[0])), toNanos(BigInt(ts[1]))];
    return { seqFirst: toSeq(seq), rows, tsMin, tsMax, ids };
  } catch {
    return null;
  }
}
