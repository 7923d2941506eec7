/** Rows of a query result as text: a table for people, CSV and JSON for programs. */
import { type Command, Option } from 'commander';
import type { ResultStream } from '../analysis/index.js';
import { paint, toJson, write } from './output.js';
import { printable } from './printable.js';

export { printable } from './printable.js';

const ROW_FORMATS = ['table', 'json', 'jsonl', 'csv'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

/** How rows are printed. */
export interface RowOptions {
  readonly format: RowFormat;
  /** The same as the format `json`. */
  readonly json?: boolean;
  /** In CSV, prevent spreadsheets from interpreting text as formulas. */
  readonly spreadsheet?: boolean;
}

/** Adds the options for printing rows. */
export function rowOptions(command: Command): Command {
  const format = new Option('--format <format>', 'how to print the rows');
  return command
    .addOption(format.choices(ROW_FORMATS).default('table'))
    .option('--json', 'the same as --format json')
    .option('--spreadsheet', "in CSV, put ' before text that a spreadsheet would calculate");
}

type Rows = readonly (readonly unknown[])[];

/**
 * Writes a result to stdout while it is fetched.
 * @param indent prefix of the lines of a table
 */
export async function writeRows(
  result: ResultStream,
  options: RowFormat | RowOptions,
  indent = '',
): Promise<void> {
  const formatter = formatterOf(
    typeof options === 'string' ? { format: options } : options,
    result.columns,
    indent,
  );
  await write(formatter.head);
  for await (const rows of result.chunks()) await write(formatter.rows(rows));
  await write(formatter.tail());
}

function formatterOf(options: RowOptions, columns: readonly string[], indent: string): Formatter {
  switch (options.json === true ? 'json' : options.format) {
    case 'json':
      return jsonFormatter(columns);
    case 'jsonl':
      return jsonLinesFormatter(columns);
    case 'csv':
      return csvFormatter(columns, options.spreadsheet === true);
    case 'table':
      return tableFormatter(columns, indent);
  }
}

interface Formatter {
  readonly head: string;
  rows(rows: Rows): string;
  tail(): string;
}

/**
 * Bytes become hexadecimal text, since JSON and terminals cannot show them; other values are
 * unchanged.
 */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value instanceof Date ? value.toISOString() : value;
}

function cell(value: unknown): string {
  const v = plain(value);
  return typeof v === 'object' && v !== null ? toJson(v, null) : String(v);
}

const rowObject = (columns: readonly string[], row: readonly unknown[]) =>
  toJson(Object.fromEntries(columns.map((name, i) => [name, plain(row[i])])), null);

function jsonLinesFormatter(columns: readonly string[]): Formatter {
  return {
    head: '',
    rows: (rows) => rows.map((row) => `${rowObject(columns, row)}\n`).join(''),
    tail: () => '',
  };
}

function jsonFormatter(columns: readonly string[]): Formatter {
  let first = true;
  const separated = (row: readonly unknown[]) => {
    const separator = first ? '\n' : ',\n';
    first = false;
    return separator + rowObject(columns, row);
  };
  return {
    head: '[',
    rows: (rows) => rows.map(separated).join(''),
    tail: () => (first ? ']\n' : '\n]\n'),
  };
}

/** Characters that start a formula in a spreadsheet, or that it skips before one. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * RFC 4180, lines ending in LF; null is an empty field and an empty string is `""`. CSV has no
 * escapes and often ends on a terminal, so control characters are shown as in a table, except line
 * breaks. JSON has the exact values.
 */
function csvFormatter(columns: readonly string[], spreadsheet: boolean): Formatter {
  const guarded = (value: unknown) => {
    const text = cell(value);
    return spreadsheet && !isNumber(value) && FORMULA.test(text) ? `'${text}` : text;
  };
  const field = (value: unknown) => {
    if (value === null) return '';
    const text = guarded(value).split('\n').map(printable).join('\n');
    return text === '' || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const line = (values: readonly unknown[]) => `${values.map(field).join(',')}\n`;
  return { head: line(columns), rows: (rows) => rows.map(line).join(''), tail: () => '' };
}

/** A longer value shifts only its own line, and not all others. */
const WIDTH_MAX = 60;

/**
 * The first chunk of rows determines the widths of columns, so that a long result is printed
 * immediately; a longer value in a later chunk shifts only its own line.
 */
function tableFormatter(names: readonly string[], indent: string): Formatter {
  const columns = names.map(printable);
  let layout: readonly { width: number; right: boolean }[] | null = null;
  let count = 0;
  const line = (cells: readonly string[]) =>
    indent +
    cells
      .map((text, i) =>
        (layout![i].right ? text.padStart : text.padEnd).call(text, layout![i].width),
      )
      .join('  ')
      .trimEnd();
  const heading = () => `${paint('bold', line(columns))}\n`;
  return {
    head: '',
    rows(rows) {
      const cells = rows.map((row) => row.map(tableCell));
      let text = '';
      if (layout === null) {
        layout = columns.map((name, i) => ({
          width: Math.max(name.length, ...cells.map((row) => Math.min(WIDTH_MAX, row[i].length))),
          right: rows.some((row) => isNumber(row[i])),
        }));
        text = heading();
      }
      count += rows.length;
      return text + cells.map((row) => `${line(row)}\n`).join('');
    },
    tail() {
      layout ??= columns.map((name) => ({ width: name.length, right: false }));
      return count === 0 ? heading() : '';
    },
  };
}

const isNumber = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';

const tableCell = (value: unknown) => (value === null ? '' : printable(cell(value)));
