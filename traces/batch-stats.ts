/**
 * Statistics of a batch, in its message's custom metadata. With them a reader can skip the batch:
 * they have the ranges of seq and ts, and the dictionary ids that occur in the columns that filters
 * use. They also sum up the `lost` events of the batch, so that counting losses needs no column.
 */
import { assert } from './assert.js';
import { type ColumnBuffers, isSet } from './column-buffers.js';
import { COLUMNS, type DictColumn } from './event-schema.js';
import { DICTIONARY_ROWS_MAX } from './limits.js';
import type { LossById } from './loss-counts.js';
import { type Nanos, type Seq, toNanos, toSeq } from './units.js';

export const STATS_KEY = 'vfr.stats';
/** Columns whose ids the batch lists. */
export const STATS_COLUMNS = [
  'kind',
  'device',
  'driver',
  'source',
  'path',
  'name',
  'task',
] as const;
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
  readonly losses: readonly LossById[];
}

export function collectIds(columns: readonly ColumnBuffers[], rows: number): BatchStats['ids'] {
  const ids: Partial<Record<StatsColumn, readonly number[]>> = {};
  for (const name of STATS_COLUMNS) {
    const found = distinct(columns[indexOf(name)], rows);
    if (found !== null) ids[name] = found;
  }
  return ids;
}

const indexOf = (name: DictColumn) => COLUMNS.findIndex((c) => c.name === name);

/** Ids seen so far; all 0 between calls of `distinct`. */
const seen = new Uint8Array(DICTIONARY_ROWS_MAX);

/** The ids that occur, in order, or null when there are too many to list. */
function distinct({ nullCount, validity, buffers: [bytes] }: ColumnBuffers, rows: number) {
  if (nullCount === rows) return [];
  const ids = new Int32Array(bytes.buffer, bytes.byteOffset, rows);
  const found: number[] = [];
  for (let row = 0; row < rows && found.length <= IDS_MAX; ) {
    row = nextNew(ids, row, validity);
    if (row === rows) break;
    seen[ids[row]] = 1;
    found.push(ids[row]);
  }
  for (const id of found) seen[id] = 0;
  return found.length > IDS_MAX ? null : found.sort((a, b) => a - b);
}

/**
 * The first row from `from` on whose id was not seen before, or the number of rows. This loop runs
 * long. It is a function of its own so that it stays compiled.
 */
function nextNew(ids: Int32Array, from: number, validity: Uint8Array): number {
  let row = from;
  while (row < ids.length && (seen[ids[row]] === 1 || !isSet(validity, row))) row++;
  return row;
}

export function formatStats({ seqFirst, rows, tsMin, tsMax, ids, losses }: BatchStats): string {
  const ts = [String(tsMin), String(tsMax)];
  const lost = losses.map(({ source, cpu, events }) => [source, cpu, events]);
  return JSON.stringify({ seq: seqFirst, rows, ts, ids, lost });
}

/** The statistics in a message's metadata, or null when `formatStats` cannot have written them. */
export function parseStats(text: string | undefined): BatchStats | null {
  try {
    const { seq, rows, ts, ids, lost } = JSON.parse(text ?? '');
    assert(isCount(seq) && isCount(rows) && isCount(seq + rows), 'numbers');
    const [tsMin, tsMax] = [toNanos(BigInt(ts[0])), toNanos(BigInt(ts[1]))];
    return { seqFirst: toSeq(seq), rows, tsMin, tsMax, ids: parseIds(ids), losses: lost.map(loss) };
  } catch {
    return null;
  }
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

function parseIds(ids: Record<string, unknown>): BatchStats['ids'] {
  const out: Partial<Record<StatsColumn, readonly number[]>> = {};
  for (const name of STATS_COLUMNS) {
    const list = ids[name];
    if (list === undefined) continue;
    assert(Array.isArray(list) && list.length <= IDS_MAX && list.every(isCount), 'a list of ids');
    out[name] = list;
  }
  return out;
}

function loss([source, cpu, events]: [number, number | null, number]): LossById {
  assert(isCount(source) && (cpu === null || isCount(cpu)) && isCount(events), 'a loss');
  return { source, cpu, events };
}
