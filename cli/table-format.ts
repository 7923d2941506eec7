/** Rows of a query result as text for people: a table that fits the terminal, or lines. */
import { paint } from './output.js';
import { printable } from './printable.js';
import { cell, type Formatter, isNumber, type Rows } from './row-text.js';

/** A longer value shifts only its own line, and not all others. */
const WIDTH_MAX = 60;
/** Columns are not made narrower than this to fit a terminal. */
const WIDTH_MIN = 6;
const BETWEEN = '  ';

export interface TableOptions {
  readonly indent: string;
  readonly header: boolean;
  /** Columns whose numbers are addresses. */
  readonly addresses: ReadonlySet<string>;
  /** Columns of the terminal; null when the output is something else, and nothing is cut. */
  readonly width: number | null;
}

interface Layout {
  readonly width: number;
  readonly right: boolean;
}

/**
 * The first chunk of rows determines the widths of columns, so that a long result is printed
 * immediately; a longer value in a later chunk shifts only its own line, or is cut on a terminal.
 */
export function tableFormatter(names: readonly string[], options: TableOptions): Formatter {
  const { indent, header, addresses, width } = options;
  const columns = names.map(printable);
  const isAddress = names.map((name) => addresses.has(name));
  const text = (value: unknown, i: number) => tableCell(value, isAddress[i]);
  let layout: readonly Layout[] | null = null;
  let count = 0;
  const line = (cells: readonly string[]) =>
    indent +
    cells
      .map((value, i) => padded(width === null ? value : cut(value, layout![i].width), layout![i]))
      .join(BETWEEN)
      .trimEnd();
  const heading = () => (header ? `${paint('bold', line(columns))}\n` : '');
  return {
    head: '',
    rows(rows) {
      const cells = rows.map((row) => row.map(text));
      let head = '';
      if (layout === null) {
        const wanted = columns.map((name, i) => ({
          width: Math.max(name.length, ...cells.map((row) => Math.min(WIDTH_MAX, row[i].length))),
          right: rows.some((row) => isNumber(row[i])),
        }));
        layout = width === null ? wanted : fitted(wanted, width - indent.length);
        head = heading();
      }
      count += rows.length;
      return head + cells.map((row) => `${line(row)}\n`).join('');
    },
    tail() {
      layout ??= columns.map((name) => ({ width: name.length, right: false }));
      return count === 0 ? heading() : '';
    },
  };
}

const padded = (text: string, { width, right }: Layout): string =>
  right ? text.padStart(width) : text.padEnd(width);

/** Marks a value that was cut. */
const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 1)}…`;

/** Narrows the widest columns until all fit, or none can be narrowed any more. */
function fitted(layout: readonly Layout[], width: number): Layout[] {
  const widths = layout.map((column) => column.width);
  const room = width - BETWEEN.length * (layout.length - 1);
  let excess = widths.reduce((sum, one) => sum + one, 0) - room;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest] <= WIDTH_MIN) break;
    widths[widest]--;
    excess--;
  }
  return layout.map(({ right }, i) => ({ width: widths[i], right }));
}

function tableCell(value: unknown, isAddress: boolean): string {
  if (value === null) return '';
  if (isAddress && isNumber(value)) return `0x${(value as number | bigint).toString(16)}`;
  return printable(cell(value));
}

/** A column a line, a blank line between rows. */
export function lineFormatter(
  names: readonly string[],
  { indent, addresses }: TableOptions,
): Formatter {
  const width = Math.max(0, ...names.map((name) => printable(name).length));
  let first = true;
  const one = (row: readonly unknown[]) => {
    const lines = names.map((name, i) => {
      const value = tableCell(row[i], addresses.has(name));
      return `${indent}${printable(name).padStart(width)} = ${value}\n`;
    });
    const before = first ? '' : '\n';
    first = false;
    return before + lines.join('');
  };
  return { head: '', rows: (rows: Rows) => rows.map(one).join(''), tail: () => '' };
}

/** A table of GitHub's Markdown; what would end a cell or a row is escaped. */
export function markdownFormatter(
  names: readonly string[],
  { header, addresses }: TableOptions,
): Formatter {
  const escaped = (text: string) => text.replace(/[\\|]/g, '\\$&');
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const row = (values: readonly unknown[]) =>
    line(values.map((value, i) => escaped(tableCell(value, addresses.has(names[i])))));
  const head = line(names.map((name) => escaped(printable(name)))) + line(names.map(() => '---'));
  return { head: header ? head : '', rows: (rows) => rows.map(row).join(''), tail: () => '' };
}
