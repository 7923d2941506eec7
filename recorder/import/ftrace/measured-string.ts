/**
 * Strings whose length stands behind them: what was written to a sysfs attribute, and how many
 * bytes that were. The string may hold quotes, newlines and what looks like the rest of a record;
 * where its length fits, there is no doubt where it ends and which lines are its own.
 */
import type { Rule } from '../../mapping/projection.js';
import { EQUALS, NEWLINE, QUOTE, RETURN, SPACE, WORD } from './ascii.js';

export interface MeasuredString {
  /** The fields by their numbers in the rule, and as they stand in the text: ` buf=`, ` count=`. */
  readonly text: number;
  readonly length: number;
  readonly textKey: Buffer;
  readonly lengthKey: Buffer;
}

/** The string of an event's records whose length they tell; null when they do not. */
export function measuredOf({ probe, fields }: Rule): MeasuredString | null {
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
 * Where the string between `start` and `end` begins (at its quote's next byte) and ends, if a
 * string of the length that is told stands there and other fields, or nothing, stand behind it.
 * Bytes that line ends of DOS added are not counted.
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

/** The place `length` bytes behind `from`, a return before a newline not counted. */
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
