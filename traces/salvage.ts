/**
 * Yields everything of a trace that can still be read, in order, with a loss wherever something is
 * missing. All code that copies a trace (repair, cut, merge, cat) uses it, so that no loss is
 * dropped on the way.
 */
import type { Batch } from './batch.js';
import type { BatchInfo } from './batch-info.js';
import { VfrError } from './errors.js';
import { COLUMNS, type ColumnName } from './event-schema.js';
import type { Damage } from './scan-frames.js';
import type { TraceReader } from './trace-reader.js';

export type Salvaged =
  | {
      readonly type: 'batch';
      readonly batch: Batch;
      /** Columns that cannot be read. */
      readonly without: readonly ColumnName[];
      /** Time of every event of the batch, when `ts` is among those. */
      readonly tsMin: bigint;
    }
  | { readonly type: 'loss'; readonly loss: SalvageLoss };

export interface SalvageLoss {
  /** Sequence number in the input before which the loss happened. */
  readonly seq: number;
  /** Number of missing events; null when it cannot be known, because the trace was cut there. */
  readonly events: number | null;
  /** Columns that the following events lack, when the events themselves are not missing. */
  readonly columns: readonly ColumnName[];
  readonly text: string;
}

/**
 * An event without these columns has no meaning. `seq` follows from the statistics of the batch,
 * and without `ts` the order is still known, which matters most.
 */
export const ESSENTIAL: readonly ColumnName[] = ['kind', 'phase', 'source'];

/**
 * Yields batches and losses by ascending seq.
 * @param wanted whether to read a batch; skipped batches are not checked further
 * @param essential columns without which a batch counts as lost
 * @throws VfrError only when the file itself can no longer be read
 */
export function* salvage(
  reader: TraceReader,
  wanted: (info: BatchInfo) => boolean = () => true,
  essential: readonly ColumnName[] = ESSENTIAL,
): Generator<Salvaged> {
  let next = 0;
  if (!reader.hasOpening) yield { type: 'loss', loss: NO_OPENING };
  if (reader.stringsMissing.length > 0) {
    yield { type: 'loss', loss: withoutStrings(reader.stringsMissing) };
  }
  for (const info of candidates(reader)) {
    if (info.seqFirst < next) continue;
    const batch = wanted(info) ? reader.batch(info) : null;
    const without = batch === null ? [] : undecodable(batch);
    if (without.some((name) => essential.includes(name))) continue;
    if (info.seqFirst > next) yield { type: 'loss', loss: missing(next, info.seqFirst) };
    if (without.length > 0) yield { type: 'loss', loss: impaired(info, without) };
    if (batch !== null) yield { type: 'batch', batch, without, tsMin: info.stats.tsMin };
    next = info.seqFirst + info.rows;
  }
  if (reader.end === null) {
    yield { type: 'loss', loss: cut(next, reader.cutAt ?? reader.source.size) };
  } else if (reader.end.events > next) {
    yield { type: 'loss', loss: missing(next, reader.end.events) };
  }
  const last = reader.damage.at(-1);
  if (reader.end !== null && last !== undefined && last.offset >= reader.endsAt) {
    yield { type: 'loss', loss: leftOut(next, last) };
  }
}

/** Whole batches and partly damaged ones, in file order. */
function candidates(reader: TraceReader): BatchInfo[] {
  const all = [...reader.batches, ...reader.impairedBatches()];
  return all.sort((a, b) => a.frame.offset - b.frame.offset);
}

/** Columns that cannot be decoded. A copier needs all columns, so this decodes nothing twice. */
function undecodable(batch: Batch): ColumnName[] {
  return COLUMNS.flatMap(({ name }) => {
    if (name === 'seq') return [];
    try {
      batch.column(name);
      return [];
    } catch (error) {
      if (error instanceof VfrError && error.code === 'COLUMN_DAMAGED') return [name];
      throw error;
    }
  });
}

function missing(first: number, next: number): SalvageLoss {
  const text = `seq ${first}..${next - 1} could not be read`;
  return { seq: first, events: next - first, columns: [], text };
}

function impaired({ seqFirst, rows }: BatchInfo, columns: readonly ColumnName[]): SalvageLoss {
  const text = `damaged in seq ${seqFirst}..${seqFirst + rows - 1}: column ${columns.join(', ')}`;
  return { seq: seqFirst, events: 0, columns, text };
}

const NO_OPENING: SalvageLoss = {
  seq: 0,
  events: 0,
  columns: [],
  text: 'the opening is missing, which has the clock, the kernel and the notes',
};

function withoutStrings(columns: readonly ColumnName[]): SalvageLoss {
  const text = `strings are missing, which read (damaged): column ${columns.join(', ')}`;
  return { seq: 0, events: 0, columns, text };
}

/** Bytes after a trace are not part of it, but their author may need them. */
function leftOut(seq: number, { offset, end, what }: Damage): SalvageLoss {
  const text = `bytes ${offset}..${end - 1} were left out: ${what}`;
  return { seq, events: null, columns: [], text };
}

function cut(seq: number, offset: number): SalvageLoss {
  const text = `the trace was cut at byte ${offset}, and what followed is unknown`;
  return { seq, events: null, columns: [], text };
}
