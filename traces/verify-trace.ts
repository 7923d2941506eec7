/**
 * Checks everything about a trace that can be checked. Opening a trace has already compared every
 * byte with its CRC. This checks that the content is valid too, and so finds files of a faulty or
 * hostile writer whose CRCs are all right.
 */
import type { Batch } from './batch.js';
import type { BatchInfo } from './batch-info.js';
import { STATS_COLUMNS } from './batch-stats.js';
import { COLUMNS, type ColumnName } from './event-schema.js';
import type { Damage } from './scan-frames.js';
import type { TraceReader } from './trace-reader.js';

/** All problems of a trace, in file order. */
export function verifyTrace(reader: TraceReader): Damage[] {
  const found = reader.batches.flatMap((batch) => check(reader, batch));
  return [...reader.damage, ...found].sort((a, b) => a.offset - b.offset);
}

/** All problems of one batch whose CRCs are right. */
function check(reader: TraceReader, info: BatchInfo): Damage[] {
  const { offset, end } = info.frame;
  const seq = [info.seqFirst, info.seqFirst + info.rows - 1] as const;
  return COLUMNS.flatMap(({ name }): Damage[] => {
    // Opened again for each column, so that only one column at a time is in memory.
    const what = columnProblem(reader.batch(info), info, name);
    return what === null ? [] : [{ offset, end, what, seq, columns: [name] }];
  });
}

function columnProblem(batch: Batch, info: BatchInfo, name: ColumnName): string | null {
  try {
    const view = batch.column(name);
    const column = COLUMNS.findIndex((c) => c.name === name);
    if (view.nulls(batch.rows) !== batch.source.nullCounts[column])
      return 'its number of nulls is not what the batch says';
    if (name === 'seq') return seqProblem(batch);
    if (name === 'ts') return timeProblem(batch, info);
    if (name === 'span') return spanProblem(batch);
    if (isListed(name)) return idsProblem(batch, info, name);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function seqProblem(batch: Batch): string | null {
  const seq = batch.column('seq');
  for (let row = 0; row < batch.rows; row++) {
    if (seq.number(row) !== batch.seqFirst + row) return `row ${row} has seq ${seq.big(row)}`;
  }
  return null;
}

function timeProblem(batch: Batch, { stats }: BatchInfo): string | null {
  const ts = batch.column('ts');
  let [min, max] = [ts.big(0), ts.big(0)];
  for (let row = 1; row < batch.rows; row++) {
    const time = ts.big(row);
    if (time < min) min = time;
    if (time > max) max = time;
  }
  return min === stats.tsMin && max === stats.tsMax ? null : 'times are not what the batch says';
}

function spanProblem(batch: Batch): string | null {
  const span = batch.column('span');
  for (let row = 0; row < batch.rows; row++) {
    if (span.has(row) && span.number(row) >= batch.seqFirst + row) {
      return `row ${row} ends what begins at seq ${span.big(row)}, after it`;
    }
  }
  return null;
}

const isListed = (name: ColumnName): name is (typeof STATS_COLUMNS)[number] =>
  (STATS_COLUMNS as readonly string[]).includes(name);

function idsProblem(
  batch: Batch,
  { stats }: BatchInfo,
  name: (typeof STATS_COLUMNS)[number],
): string | null {
  const list = stats.ids[name];
  if (list === undefined) return null;
  const column = batch.column(name);
  const listed = new Set(list);
  for (let row = 0; row < batch.rows; row++) {
    if (column.has(row) && !listed.has(column.ids[row])) return 'it holds ids that are not listed';
  }
  return null;
}
