/**
 * Strings that are followed by their length: the text of a write to a sysfs attribute and its
 * number of bytes. The string may contain quotes, newlines and text that looks like the rest of a
 * record. Where the length fits, the end of the string and the lines that belong to it are certain.
 */
import type { MappingRule } from '../../mapping/projection.js';
import { EQUALS, NEWLINE, QUOTE, RETURN, SPACE, WORD } from './ascii.js';

export interface MeasuredString {
  /** The fields by their index in the projection, and as the text has them: ` buf=`, ` count=`. */
  readonly text: number;
  readonly length: number;
  readonly textKey: Buffer;
  readonly lengthKey: Buffer;
}

/** The string of an event whose records state its length; null when there is none. */
export function measuredOf({ probe, fields }: MappingRule): MeasuredString | null {
  const { text, length } = probe.columns;
  if (probe.role === 'return' || text === undefined || typeof length !== 'string') return null;
  return {
    text: fields.indexOf(text),
    length: fields.indexOf(length),
    textKey: Buffer.from(` ${text}=`),
    lengthKey: Buffer.from(` ${length}=`),
  };
}

const NUMBER = /^(?:0x([0-9a-f]{1,8})|(\d{1,9}))(?= |\r?$)/;
const NUMBER_LOOK = 16;

/**
 * Where the string between `start` and `end` begins (after its quote) and ends, if a string of the
 * stated length is there and is followed by other fields or nothing. Bytes that DOS line ends added
 * are not counted.
 */
export function measuredEnd(
  bytes: Buffer,
  start: number,
  end: number,
  { textKey, lengthKey }: MeasuredString,
): { start: number; end: number } | null {
  const keyAt = start + bytes.subarray(start, end).indexOf(textKey);
  const lengthAt = bytes.lastIndexOf(lengthKey, end - lengthKey.byteLength);
  if (keyAt < start || lengthAt <= keyAt) return null;
  const numberAt = lengthAt + lengthKey.byteLength;
  const text = bytes.toString('latin1', numberAt, Math.min(numberAt + NUMBER_LOOK, end));
  const number = NUMBER.exec(text);
  if (number === null) return null;
  const length = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16);
  const valueAt = keyAt + textKey.byteLength;
  const isQuoted = bytes[valueAt] === QUOTE;
  const from = isQuoted ? valueAt + 1 : valueAt;
  for (const stop of [from + length, skipBytes(bytes, from, length, lengthAt)]) {
    if (stop > lengthAt) continue;
    if (isQuoted && bytes[stop] !== QUOTE) continue;
    if (isKeyAt(bytes, isQuoted ? stop + 1 : stop, end)) return { start: from, end: stop };
  }
  return null;
}

/** The index `length` bytes after `from`, not counting a return before a newline. */
function skipBytes(bytes: Buffer, from: number, length: number, end: number): number {
  let p = from;
  for (let count = 0; count < length && p < end; p++) {
    if (bytes[p] !== RETURN || bytes[p + 1] !== NEWLINE) count++;
  }
  return p;
}

/** Whether ` key=` is at `at`. */
export function isKeyAt(bytes: Buffer, at: number, end: number): boolean {
  if (bytes[at] !== SPACE) return false;
  let p = at + 1;
  while (p < end && WORD[bytes[p]] === 1) p++;
  return p > at + 1 && p < end && bytes[p] === EQUALS;
}
