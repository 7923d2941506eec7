/** Rows of a query result as text: a table for people, CSV and JSON for programs. */
import { type Command, Option } from 'commander';
import type { ResultStream } from '../analysis/index.js';
import { toJson, write, writeFields } from './output.js';
import { printable } from './printable.js';
import { cell, type Formatter, isNumber, plain } from './row-text.js';
import {
  lineFormatter,
  markdownFormatter,
  type TableOptions,
  tableFormatter,
} from './table-format.js';

export { printable } from './printable.js';

export const ROW_FORMATS = ['table', 'line', 'csv', 'tsv', 'json', 'jsonl', 'markdown'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

/** How rows are printed. */
export interface RowOptions {
  readonly format: RowFormat;
  /** The same as the format `json`. */
  readonly json?: boolean;
  /** In CSV, prevent spreadsheets from interpreting text as formulas. */
  readonly spreadsheet?: boolean;
  /** False leaves the names of the columns out. */
  readonly header?: boolean;
}

/** Adds the options for printing rows. */
export function rowOptions(command: Command): Command {
  const format = new Option('--format <format>', 'how to print the rows');
  return command
    .addOption(format.choices(ROW_FORMATS).default('table'))
    .option('--json', 'the same as --format json')
    .option('--no-header', 'leave the names of the columns out')
    .option('--spreadsheet', "in CSV, put ' before text that a spreadsheet would calculate");
}

/**
 * Writes a result to stdout while it is fetched.
 * @param indent prefix of the lines of a table
 * @param out where to write instead
 */
export async function writeRows(
  result: ResultStream,
  options: RowFormat | RowOptions,
  indent = '',
  out?: (text: string) => Promise<void>,
): Promise<void> {
  const how = typeof options === 'string' ? { format: options } : options;
  const put = out ?? (how.format === 'tsv' ? writeFields : write);
  const { ADDRESS_COLUMNS } = await import('../analysis/index.js');
  const formatter = formatterOf(how, result.columns, {
    indent,
    header: how.header !== false,
    addresses: ADDRESS_COLUMNS,
    width: process.stdout.isTTY === true ? process.stdout.columns : null,
  });
  await put(formatter.head);
  for await (const rows of result.chunks()) await put(formatter.rows(rows));
  await put(formatter.tail());
}

function formatterOf(
  options: RowOptions,
  columns: readonly string[],
  table: TableOptions,
): Formatter {
  switch (options.json === true ? 'json' : options.format) {
    case 'json':
      return jsonFormatter(columns);
    case 'jsonl':
      return jsonLinesFormatter(columns);
    case 'csv':
      return csvFormatter(columns, options.spreadsheet === true, table.header);
    case 'tsv':
      return tsvFormatter(columns, table.header);
    case 'markdown':
      return markdownFormatter(columns, table);
    case 'line':
      return lineFormatter(columns, table);
    case 'table':
      return tableFormatter(columns, table);
  }
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
function csvFormatter(
  columns: readonly string[],
  spreadsheet: boolean,
  header: boolean,
): Formatter {
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
  return {
    head: header ? line(columns) : '',
    rows: (rows) => rows.map(line).join(''),
    tail: () => '',
  };
}

/** Fields between tabs; tabs, line breaks and control characters in them are escaped. */
function tsvFormatter(columns: readonly string[], header: boolean): Formatter {
  const field = (value: unknown) => (value === null ? '' : printable(cell(value)));
  const line = (values: readonly unknown[]) => `${values.map(field).join('\t')}\n`;
  return {
    head: header ? line(columns) : '',
    rows: (rows) => rows.map(line).join(''),
    tail: () => '',
  };
}
