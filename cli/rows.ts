/** Rows of a query result as text: a table for people, CSV and JSON for programs. */
import type { ResultStream } from '../analysis/index.js';
import { paint, toJson, write } from './output.js';

export const ROW_FORMATS = ['table', 'json', 'jsonl', 'csv'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

type Rows = readonly (readonly unknown[])[];

/**
 * Writes a result to stdout while it is fetched.
 * @param indent what the lines of a table begin with
 */
export async function writeRows(
  result: ResultStream,
  format: RowFormat,
  indent = '',
): Promise<void> {
  const formatter = FORMATTERS[format](result.columns, indent);
  await write(formatter.head);
  for await (const rows of result.chunks()) await write(formatter.rows(rows));
  await write(formatter.tail());
}

interface Formatter {
  readonly head: string;
  rows(rows: Rows): string;
  tail(): string;
}

const FORMATTERS: Record<RowFormat, (columns: readonly string[], indent: string) => Formatter> = {
  table: tableFormatter,
  json: jsonFormatter,
  jsonl: jsonLinesFormatter,
  csv: csvFormatter,
};

/** Bytes are hexadecimal text, since JSON and terminals have none; everything else is as it is. */
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

/** RFC 4180, lines ending in LF; null is an empty field and an empty string is `""`. */
function csvFormatter(columns: readonly string[]): Formatter {
  const field = (value: unknown) => {
    if (value === null) return '';
    // Programs get the bytes; a terminal is not to be moved or coloured by them.
    const text = process.stdout.isTTY === true ? printable(cell(value)) : cell(value);
    return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const line = (values: readonly unknown[]) => `${values.map(field).join(',')}\n`;
  return { head: line(columns), rows: (rows) => rows.map(line).join(''), tail: () => '' };
}

/** A value that is longer moves its line only, instead of all others. */
const WIDTH_MAX = 60;

/**
 * Column widths are those of the first chunk of rows, so that a long result is shown at once; a
 * longer value that comes later moves its line only.
 */
function tableFormatter(columns: readonly string[], indent: string): Formatter {
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

/** Text in which nothing can move the cursor or colour the terminal. */
export function printable(text: string): string {
  return text.replace(MOVING, (c) => ESCAPES[c] ?? hexEscape(c));
}

/** Control characters, and those that turn the direction of what follows. */
const MOVING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const hexEscape = (c: string) => {
  const hex = c.charCodeAt(0).toString(16);
  return hex.length > 2 ? `\\u${hex}` : `\\x${hex.padStart(2, '0')}`;
};
