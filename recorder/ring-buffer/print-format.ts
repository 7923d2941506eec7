/**
 * Renders a record as its event's `print fmt` says, for the expressions that occur in most formats;
 * null for formats with others.
 */
import { type EventFormat, type Field, fieldOf } from './event-format.js';
import { type Payload, readField, readText } from './payload.js';

type Value = bigint | string;
type Argument = (record: Payload, littleEndian: boolean) => Value | undefined;

/** The text between the conversions, and their arguments. */
type Piece =
  | string
  | { readonly conversion: string; readonly flags: string; readonly of: Argument };

export type Printer = (record: Payload, littleEndian: boolean) => string;

/** `%` flags, width, length modifier, conversion; `%p` may be followed by letters of the kernel. */
const CONVERSION = /%([-0 #+]*\d*(?:\.\d+)?)(?:hh|h|ll|l|L|z|j|t)?([diuxXscp%])(?:[sSfF]B?)?/g;

/** Makes the printer of an event. */
export function compilePrint(format: EventFormat): Printer | null {
  const parts = splitTopLevel(format.print);
  const template = literal(parts[0] ?? '');
  if (template === null) return null;
  const args = parts.slice(1).map((text) => argument(text.trim(), format));
  const pieces: Piece[] = [];
  let at = 0;
  let next = 0;
  for (const match of template.matchAll(CONVERSION)) {
    pieces.push(template.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === '%') {
      pieces.push('%');
      continue;
    }
    const of = args[next++];
    if (of === undefined || of === null) return null;
    pieces.push({ conversion: match[2], flags: match[1], of });
  }
  pieces.push(template.slice(at));
  return (record, littleEndian) =>
    pieces
      .map((piece) => show(piece, record, littleEndian))
      .join('')
      .trim();
}

function show(piece: Piece, record: Payload, littleEndian: boolean): string {
  if (typeof piece === 'string') return piece;
  const value = piece.of(record, littleEndian);
  if (value === undefined) return '(fault)';
  if (typeof value === 'string') return value;
  const { conversion, flags } = piece;
  if (conversion === 'c') return String.fromCharCode(Number(BigInt.asUintN(8, value)));
  const text = /[xXp]/.test(conversion) ? BigInt.asUintN(64, value).toString(16) : value.toString();
  const width = Number(/[1-9]\d*$/.exec(flags)?.[0] ?? 0);
  if (flags.includes('-')) return text.padEnd(width);
  const shown = flags.includes('#') && text !== '0' ? `0x${text}` : text;
  return shown.padStart(width, flags.startsWith('0') ? '0' : ' ');
}

/** The format's text; adjacent literals are one. */
function literal(text: string): string | null {
  const literals = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map((match) => match[1]);
  if (literals.length === 0) return null;
  return literals.join('').replace(/\\(.)/g, (_, c: string) => ({ n: '\n', t: '\t' })[c] ?? c);
}

/** Splits at commas that are in no parentheses, braces or quotes. */
function splitTopLevel(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\' && quoted) i++;
    else if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c === '(' || c === '{') depth++;
    else if (c === ')' || c === '}') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** A cast before an argument: type words and stars in parentheses; it changes nothing we print. */
const CASTS = /^\(\s*[\w *]+\)\s*(?=[(R_])/;

/** What an argument reads; null when it is an expression that is not known here. */
function argument(text: string, format: EventFormat): Argument | null {
  const bare = strip(text);
  const sum = /^(.+?) \+ (.+)$/.exec(bare);
  if (sum !== null) return add(argument(sum[1], format), argument(sum[2], format));
  const plain = /^REC->(\w+)$/.exec(bare);
  if (plain !== null) return fieldValue(fieldOf(format, plain[1]));
  const string = /^__get_(?:rel_)?str\((\w+)\)$/.exec(bare);
  if (string !== null) return fieldValue(fieldOf(format, string[1]));
  const named = /^__print_(symbolic|flags)\((.*)\)$/s.exec(bare);
  return named === null ? null : naming(named[1] as 'symbolic' | 'flags', named[2], format);
}

function strip(text: string): string {
  let bare = text.trim();
  for (;;) {
    const uncast = bare.replace(CASTS, '').trim();
    const inner = /^\(((?:[^()]|\([^()]*\))*)\)$/s.exec(uncast)?.[1] ?? uncast;
    if (inner === bare) return bare;
    bare = inner.trim();
  }
}

function fieldValue(field: Field | undefined): Argument | null {
  if (field === undefined) return null;
  return (record, littleEndian) =>
    field.text ? readText(record, field, littleEndian) : readField(record, field, littleEndian);
}

function add(a: Argument | null, b: Argument | null): Argument | null {
  if (a === null || b === null) return null;
  return (record, littleEndian) => {
    const [left, right] = [a(record, littleEndian), b(record, littleEndian)];
    return typeof left === 'bigint' && typeof right === 'bigint' ? left + right : undefined;
  };
}

/**
 * `__print_symbolic(value, { 1, "one" }, ...)` and `__print_flags(value, "|", { 1, "one" }, ...)`.
 */
function naming(kind: 'symbolic' | 'flags', text: string, format: EventFormat): Argument | null {
  const [first, ...rest] = splitTopLevel(text);
  const value = argument(first, format);
  const names = rest
    .map((part) => /^\s*\{\s*(0x[0-9a-f]+|\d+)[UL]*\s*,\s*"([^"]*)"\s*\}\s*$/i.exec(part))
    .filter((match) => match !== null)
    .map(([, number, name]) => ({ number: BigInt(number), name }));
  const pairs = kind === 'flags' ? rest.length - 1 : rest.length;
  if (value === null || names.length !== pairs) return null;
  const separator = kind === 'flags' ? (literal(rest[0]) ?? '|') : '';
  return (record, littleEndian) => {
    const found = value(record, littleEndian);
    if (typeof found !== 'bigint') return undefined;
    const word = BigInt.asUintN(64, found);
    if (kind === 'symbolic') {
      return names.find(({ number }) => number === word)?.name ?? `0x${word.toString(16)}`;
    }
    const set = names.filter(({ number }) => number !== 0n && (word & number) === number);
    const rest = set.reduce((left, { number }) => left & ~number, word);
    const shown = set.map(({ name }) => name);
    if (rest !== 0n) shown.push(`0x${rest.toString(16)}`);
    return shown.join(separator);
  };
}
