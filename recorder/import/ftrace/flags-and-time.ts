import { ByteLiteral } from '../../byte-matching/byte-literal.js';
import type { TraceRecord } from '../../mapping/trace-record.js';
import { COLON, DOT, isDigit, OPEN, SPACE, ZERO } from './ascii.js';
import { setTime } from './record-time.js';

/** The number of decimals that most text has: microseconds. */
const DIGITS = 6;
const NS_PER_US = 1_000;
/** Longest flags and seconds that are worth remembering. */
const TEXT_BYTES_MAX = 32;

/**
 * Caches the flags and the seconds of an earlier record. The next record with the same flags
 * usually differs only in the decimals.
 */
export class FlagsAndTime {
  readonly #text = new ByteLiteral(TEXT_BYTES_MAX);
  #seconds = 0;

  /**
   * Reads the time of a record whose flags and seconds are as before.
   * @returns the place of the event, -1 when they are not or the time is written in another way
   */
  read(bytes: Uint8Array, view: DataView, at: number, end: number, record: TraceRecord): number {
    if (!this.#text.isAt(view, at, end)) return -1;
    const first = at + this.#text.length;
    const last = first + DIGITS;
    if (last + 2 >= end || bytes[last] !== COLON || bytes[last + 1] !== SPACE) return -1;
    let micros = 0;
    for (let p = first; p < last; p++) {
      if (!isDigit(bytes[p])) return -1;
      micros = micros * 10 + bytes[p] - ZERO;
    }
    const body = last + 2;
    // What begins with more blanks or with `(+` is rare and read from the beginning.
    if (bytes[body] === SPACE || bytes[body] === OPEN) return -1;
    setTime(record, this.#seconds, micros * NS_PER_US);
    return body;
  }

  /** Remembers the record between `at` and its event, at `body`, if its time is as most are. */
  learn(bytes: Uint8Array, view: DataView, at: number, body: number): void {
    const point = body - DIGITS - 3;
    this.#text.keep(view, at, at);
    if (point <= at || bytes[point] !== DOT) return;
    let start = point;
    while (start > at && isDigit(bytes[start - 1])) start--;
    this.#seconds = 0;
    for (let p = start; p < point; p++) this.#seconds = this.#seconds * 10 + bytes[p] - ZERO;
    this.#text.keep(view, at, point + 1);
  }
}
