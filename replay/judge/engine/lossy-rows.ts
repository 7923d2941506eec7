/**
 * Rows that may lack events before the loss is reported. A CPU's buffer reports a loss when its
 * next record is read: the lost events are anywhere after its last one, while other CPUs' events
 * continued.
 */
import type { Batch } from '../../../traces/index.js';

/** Rows of a batch in which events may be missing: the first of them, and the notice. */
export interface LossyRows {
  readonly from: number;
  readonly notice: number;
}

/**
 * The losses of a batch, in order. A loss that began in an earlier batch is assumed to begin with
 * this one; a loss without a CPU begins with its report.
 */
export function lossesOf(batch: Batch): readonly LossyRows[] {
  const kind = batch.column('kind');
  const lost = kind.entries.indexOf('lost');
  if (lost < 0) return [];
  const cpu = batch.column('cpu');
  const name = batch.column('name');
  const losses: LossyRows[] = [];
  /** The row after the last event of each CPU. */
  const next = new Map<number, number>();
  for (let row = 0; row < batch.rows; row++) {
    const on = cpu.has(row) ? cpu.at(row) : null;
    // Messages that the kernel did not print have a name; they are no events of a buffer.
    if (kind.ids[row] === lost && !name.at(row))
      losses.push({ from: fromOf(on, next, row), notice: row });
    if (on !== null) next.set(on, row + 1);
  }
  return losses;
}

const fromOf = (cpu: number | null, next: ReadonlyMap<number, number>, notice: number): number =>
  cpu === null ? notice : (next.get(cpu) ?? 0);

/** The last row of each CPU in a batch; null for a recording that lost nothing anywhere. */
export function lastRows(batch: Batch): readonly number[] | null {
  if (!batch.column('kind').entries.includes('lost')) return null;
  const cpu = batch.column('cpu');
  const last = new Map<number, number>();
  for (let row = 0; row < batch.rows; row++) if (cpu.has(row)) last.set(cpu.at(row), row);
  return [...last.values()];
}

/** Whether events may be missing before a row whose report has not come yet. */
export const isLossy = (losses: readonly LossyRows[], row: number): boolean =>
  losses.some(({ from, notice }) => row >= from && row < notice);
