/** Values of one event. */
import type { ColumnName, DictColumn, WordColumn } from '../../../traces/index.js';
import type { EventRef } from '../model/event-store.js';

/** A string of an event, or null. */
export const stringOf = ({ batch, row }: EventRef, column: DictColumn): string | null =>
  batch.isNull(column) ? null : batch.column(column).at(row);

/** A 64-bit number of an event, or null. */
export function bigOf({ batch, row }: EventRef, column: WordColumn): bigint | null {
  if (batch.isNull(column)) return null;
  const view = batch.column(column);
  return view.has(row) ? view.big(row) : null;
}

/** A column of an event as text; null when it has none. */
export function textOf({ batch, row }: EventRef, column: ColumnName): string | null {
  if (batch.isNull(column)) return null;
  const view = batch.column(column);
  if (!view.has(row)) return null;
  if ('big' in view) return String(view.big(row));
  if ('values' in view) return String(view.at(row));
  if ('ids' in view) return view.at(row);
  return column === 'text' ? view.text(row) : view.at(row)!.toString('hex');
}

export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
