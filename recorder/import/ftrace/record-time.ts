import { TimeWords } from '../../../traces/index.js';
import { NOT_SET, type TraceRecord } from '../../mapping/trace-record.js';
import { DOT, isDigit, ZERO } from './ascii.js';

const TWO_32 = 0x1_0000_0000;
/** One for all records: most of them are of the same second. */
const words = new TimeWords();

/** A record without any known field; readers refill one object. */
export const emptyRecord = (): TraceRecord => ({
  cpu: -1,
  tid: -1,
  tgid: -1,
  task: -1,
  tsLow: NOT_SET,
  tsHigh: NOT_SET,
});

/** Sets the time of a record; exact, also for seconds of the epoch. */
export function setTime(record: TraceRecord, seconds: number, nanoseconds: number): void {
  words.set(seconds, nanoseconds);
  record.tsLow = words.low;
  record.tsHigh = words.high >>> 0;
}

/** Sets the time of a record to a plain number of at most 53 bits: a count, jiffies, cycles. */
export function setTicks(record: TraceRecord, ticks: number): void {
  record.tsLow = ticks >>> 0;
  record.tsHigh = Math.floor(ticks / TWO_32) >>> 0;
}

/** The value of one digit after the point, by the number of digits. */
const SCALE = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 10, 1];

/**
 * Reads a time as `seconds.fraction`, or a plain number for clocks that do not count seconds.
 * @returns the index after it; `at` itself when there is no time
 */
export function readTime(bytes: Uint8Array, at: number, end: number, record: TraceRecord): number {
  let p = at;
  let whole = 0;
  while (p < end && isDigit(bytes[p])) whole = whole * 10 + bytes[p++] - ZERO;
  if (p === at) return at;
  if (p >= end || bytes[p] !== DOT) {
    setTicks(record, whole);
    return p;
  }
  const point = p++;
  let fraction = 0;
  while (p < end && isDigit(bytes[p])) fraction = fraction * 10 + bytes[p++] - ZERO;
  const digits = p - point - 1;
  if (digits < 1 || digits > 9) return at;
  setTime(record, whole, fraction * SCALE[digits]);
  return p;
}
