/** The lists below the events: causes, rows of SQL. */
import type { Browser, Cause, SqlResult } from '../model/browser.js';
import { cells, cellsRight, widthOf } from '../text/cell-text.js';
import { callLine, type RowContext } from '../text/row-line.js';
import type { Paint } from '../text/theme.js';
import { readable } from './list-body.js';
import type { View } from './view.js';

/** The lines around a cursor that fit; `lineOf` makes a line from its index. */
export function around(
  count: number,
  cursor: number,
  height: number,
  lineOf: (index: number) => string,
  paint: Paint,
): string[] {
  const first = Math.max(0, Math.min(cursor - Math.floor(height / 2), count - height));
  return Array.from({ length: Math.max(0, Math.min(height, count - first)) }, (_, i) => {
    const line = lineOf(first + i);
    return first + i === cursor ? paint('cursor', line) : line;
  });
}

const HOW_WIDTH = 16;
const SEQ_WIDTH = 9;

/** The chain of causes: the event first, what led to it below. */
export function whyBody(
  browser: Browser,
  { paint }: View,
  { causes, cursor }: { readonly causes: readonly Cause[]; readonly cursor: number },
  [width, height]: readonly [width: number, height: number],
): string[] {
  const { store, calls, base } = browser;
  const { registerAt } = browser.overview.insights;
  const inner = Math.max(1, width - HOW_WIDTH - 1);
  const context: RowContext = {
    store,
    calls,
    base,
    clock: 'start',
    width: inner,
    needle: '',
    registerAt,
  };
  const lineOf = (index: number) => {
    const { seq, how, text } = causes[index];
    if (seq === null || text !== null) {
      const number = cellsRight(String(seq ?? ''), SEQ_WIDTH);
      return `${cells(how, HOW_WIDTH)} ${number}  ${cells(text ?? '', inner - SEQ_WIDTH - 2)}`;
    }
    const row = {
      position: store.positionOf(seq),
      depth: 0,
      opened: false,
      differs: false,
      before: null,
    };
    const line = readable(
      () => callLine(row, context, (_tone, text) => text),
      (problem) => cells(problem, inner),
    );
    return `${cells(how, HOW_WIDTH)} ${line}`;
  };
  return around(causes.length, cursor, height, lineOf, paint);
}

const COLUMN_MAX = 40;

/** Rows of an SQL result below their column names. */
export function sqlBody(
  { columns, rows }: SqlResult,
  cursor: number,
  [width, height]: readonly [width: number, height: number],
  paint: Paint,
): string[] {
  const widths = columns.map((name, i) =>
    Math.min(COLUMN_MAX, Math.max(widthOf(name), ...rows.map((row) => widthOf(row[i])))),
  );
  const lineOf = (values: readonly string[]) =>
    cells(values.map((value, i) => cells(value, widths[i])).join('  '), width);
  const shown = around(rows.length, cursor, height - 1, (i) => lineOf(rows[i]), paint);
  return [paint('strong', lineOf(columns)), ...shown];
}
