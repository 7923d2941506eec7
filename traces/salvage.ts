/**
 * Everything of a trace that can still be read, in order, with a statement of loss wherever
 * something is missing. What copies a trace (repair, cut, merge, cat) goes through here, so that no
 * loss is lost on the way.
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
  /** Sequence number in the input before which it happened. */
  readonly seq: number;
  /** Events that are missing; null when nobody can know, because the trace was cut there. */
  readonly events: number | null;
  /** Columns that are missing of the events that follow, when the events themselves are not. */
  readonly columns: readonly ColumnName[];
  readonly text: string;
}

/**
 * Columns without which an event says nothing. `seq` follows from the batch's statistics, and
 * without `ts` the order is still known, which is what counts.
 */
export const ESSENTIAL: readonly ColumnName[] = ['kind', 'phase', 'source'];

/**
 * Yields batches and losses by ascending seq.
 * @param wanted which batches to read; one that is passed over is not checked further
 * @param essential columns without which a batch is as good as lost
 * @throws VfrError only when the file itself cannot be read any more
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

/** Whole batches, and those of which some columns are damaged, in the order of the file. */
function candidates(reader: TraceReader): BatchInfo[] {
  const all = [...reader.batches, ...reader.impairedBatches()];
  return all.sort((a, b) => a.frame.offset - b.frame.offset);
}

/**
 * Columns that do not decode. Who copies a batch wants all of them, so nothing is decoded twice.
 */
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
  text: 'the opening is missing, which tells the clock, the kernel and the notes',
};

function withoutStrings(columns: readonly ColumnName[]): SalvageLoss {
  const text = `strings are missing, which read (damaged): column ${columns.join(', ')}`;
  return { seq: 0, events: 0, columns, text };
}

/** What stands behind a trace is not its own, but whoever put it there will miss it. */
function leftOut(seq: number, { offset, end, what }: Damage): SalvageLoss {
  const text = `bytes ${offset}..${end - 1} were left out: ${what}`;
  return { seq, events: null, columns: [], text };
}

function cut(seq: number, offset: number): SalvageLoss {
  const text = `the trace was cut at byte ${offset}, and what followed is unknown`;
  return { seq, events: null, columns: [], text };
}
