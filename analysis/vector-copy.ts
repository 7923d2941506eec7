/** Copies of decoded trace columns into DuckDB vectors, one vector at a time. */
import type { BytesView, DictView, IntView, Validity, WordView } from '../traces/index.js';
import {
  type Address,
  type FixedArray,
  INLINE_BYTES,
  type RepeatedString,
  STRING_WORDS,
  type StringTable,
  VECTOR_ROWS,
  type VectorWriter,
} from './duckdb.js';

/**
 * Rows of one batch: `count` of them from `start`, which is a multiple of `VECTOR_ROWS`. With
 * `picks` they are entries of that list of row numbers.
 */
export interface Rows {
  readonly start: number;
  readonly count: number;
  readonly picks: Uint32Array | null;
}

// One copy ends before the next begins, so all share the same staging memory.
const strings = new Uint32Array(VECTOR_ROWS * STRING_WORDS);
const stringBytes = new Uint8Array(strings.buffer);
const words = new Uint32Array(VECTOR_ROWS * 2);
const bits = new Uint8Array(VECTOR_ROWS >> 3);
const ints = {
  4: new Uint32Array(VECTOR_ROWS),
  2: new Uint16Array(VECTOR_ROWS),
};

export function copyInts(view: IntView, rows: Rows, out: VectorWriter): void {
  copyValidity(view, rows, out);
  const { start, count, picks } = rows;
  const values = view.values as FixedArray;
  if (picks === null) {
    out.values(values, start, count);
    return;
  }
  const staged = ints[values.BYTES_PER_ELEMENT as 2 | 4];
  for (let i = 0; i < count; i++) staged[i] = values[picks[start + i]];
  out.values(staged, 0, count);
}

export function copyWords(view: WordView, rows: Rows, out: VectorWriter): void {
  copyValidity(view, rows, out);
  const { start, count, picks } = rows;
  if (picks === null) {
    out.values(view.words as FixedArray, start * 2, count * 2);
    return;
  }
  for (let i = 0; i < count; i++) {
    const row = picks[start + i];
    words[i * 2] = view.words[row * 2];
    words[i * 2 + 1] = view.words[row * 2 + 1];
  }
  out.values(words, 0, count * 2);
}

/** Row numbers as 64-bit integers. @param first of row 0; up to 2^53 */
export function copyCount(first: number, { start, count, picks }: Rows, out: VectorWriter): void {
  for (let i = 0; i < count; i++) {
    const value = first + (picks === null ? start + i : picks[start + i]);
    words[i * 2] = value;
    words[i * 2 + 1] = value / 2 ** 32;
  }
  out.values(words, 0, count * 2);
}

/** @param table the strings of the column's dictionary, by id */
export function copyDict(view: DictView, table: StringTable, rows: Rows, out: VectorWriter): void {
  copyValidity(view, rows, out);
  const { start, count, picks } = rows;
  const source = table.words;
  for (let i = 0, to = 0; i < count; i++) {
    const id = view.id(picks === null ? start + i : picks[start + i]);
    // A null also needs a well-formed string: the empty one.
    const from = id * STRING_WORDS;
    const isNull = id < 0;
    strings[to++] = isNull ? 0 : source[from];
    strings[to++] = isNull ? 0 : source[from + 1];
    strings[to++] = isNull ? 0 : source[from + 2];
    strings[to++] = isNull ? 0 : source[from + 3];
  }
  out.values(strings, 0, count * STRING_WORDS);
}

/** Fills a vector with one string. */
export function copyRepeated({ words }: RepeatedString, count: number, out: VectorWriter): void {
  out.values(words, 0, count * STRING_WORDS);
}

/** For a text column the bytes must be valid UTF-8. */
export function copyBytes(view: BytesView, rows: Rows, out: VectorWriter): void {
  copyValidity(view, rows, out);
  const { bytes, offsets } = rows.picks === null ? window(view, rows) : gather(view, rows);
  const held = bytes.byteLength > INLINE_BYTES ? out.hold(bytes) : NOWHERE;
  // Most events, and so most vectors, have neither text nor data.
  if (bytes.byteLength === 0) strings.fill(0);
  for (let i = 0; i < rows.count && bytes.byteLength > 0; i++) {
    stageString(i, bytes, held, offsets[i] - offsets[0], offsets[i + 1] - offsets[i]);
  }
  out.values(strings, 0, rows.count * STRING_WORDS);
}

/** The strings of some rows in sequence; `offsets` count from any base. */
interface Strings {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
}

const NOWHERE: Address = { low: 0, high: 0 };

function window({ bytes, offsets }: BytesView, { start, count }: Rows): Strings {
  const end = start + count;
  return {
    bytes: bytes.subarray(offsets[start], offsets[end]),
    offsets: offsets.subarray(start, end + 1),
  };
}

function gather(view: BytesView, { start, count, picks }: Rows): Strings {
  const parts: Uint8Array[] = [];
  const offsets = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    const part = view.at(picks![start + i]);
    if (part !== null) parts.push(part);
    offsets[i + 1] = offsets[i] + (part?.byteLength ?? 0);
  }
  return { bytes: Buffer.concat(parts), offsets };
}

/** Writes the `duckdb_string_t` of `length` bytes from `from`. */
function stageString(
  i: number,
  bytes: Uint8Array,
  held: Address,
  from: number,
  length: number,
): void {
  const word = i * STRING_WORDS;
  const first = word * 4 + 4;
  strings[word] = length;
  strings[word + 1] = 0;
  strings[word + 2] = 0;
  strings[word + 3] = 0;
  const within = length <= INLINE_BYTES ? length : 4;
  for (let k = 0; k < within; k++) stringBytes[first + k] = bytes[from + k];
  if (length <= INLINE_BYTES) return;
  const low = held.low + from;
  strings[word + 2] = low;
  strings[word + 3] = held.high + (low > 0xffff_ffff ? 1 : 0);
}

function copyValidity(view: Validity, { start, count, picks }: Rows, out: VectorWriter): void {
  if (view.bits === null) return;
  if (picks === null) {
    out.validity(view.bits as Uint8Array<ArrayBuffer>, start >> 3, count);
    return;
  }
  bits.fill(0);
  for (let i = 0; i < count; i++) {
    if (view.has(picks[start + i])) bits[i >> 3] |= 1 << (i & 7);
  }
  out.validity(bits, 0, count);
}
