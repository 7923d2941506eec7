/** Columns of the table functions that read traces. */
import { COLUMNS, type Column, type ColumnType } from '../traces/index.js';
import type { SqlColumn, SqlType } from './duckdb.js';

const SQL_TYPES: Record<ColumnType, SqlType> = {
  u64: 'u64',
  i64: 'i64',
  u32: 'u32',
  u16: 'u16',
  i16: 'i16',
  dict: 'text',
  utf8: 'text',
  binary: 'blob',
};

/** The column that says at how many places after an event others are missing. */
export const LOST_AFTER = 'lost_after';

/** A column of an event, or one that the scan adds. */
type Own = Column | 'trace' | typeof LOST_AFTER;

/** A column of the event that ends a span. */
export interface EndColumn {
  readonly of: 'end';
  readonly column: Column | typeof LOST_AFTER;
}

/** A requested column. */
export type Wanted = Own | EndColumn;

/** The column `trace` precedes the columns of an event. */
export const EVENT_COLUMNS: readonly Wanted[] = ['trace', ...COLUMNS, LOST_AFTER];

export function sqlColumn(column: Wanted): SqlColumn {
  if (column === 'trace') return { name: column, type: 'text' };
  if (column === LOST_AFTER) return { name: column, type: 'u64' };
  if ('of' in column) {
    const { name, type } = sqlColumn(column.column);
    return { name: `end_${name}`, type };
  }
  return { name: column.name, type: SQL_TYPES[column.type] };
}
