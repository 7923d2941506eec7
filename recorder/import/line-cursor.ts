/**
 * A cursor over the bytes of one line that reads literals and numbers without making strings.
 * Numbers are 64 bits wide, as two 32-bit words.
 */
import { ByteLiteral, viewOf } from '../byte-matching/byte-literal.js';

const ZERO = 0x30;
const LOWER_X = 0x78;
const NINE = 0x39;
const MINUS = 0x2d;
const DOT = 0x2e;
/** 2^64 nanoseconds. */
export const SECONDS_MAX = 18_446_744_073;
const TWO_32 = 0x1_0000_0000;
const DIGITS_IN_31_BITS = 9;
const DIGITS_IN_53_BITS = 15;
/** The most bytes of `seconds.` to cache. */
const SECOND_BYTES_MAX = 24;
/** The value of the last digit after the point, in units of 10^-9, by the number of digits. */
const SCALE = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1];

/** Value of every byte as a hexadecimal digit, -1 for other bytes. */
export const HEX_DIGITS = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX_DIGITS[digit.charCodeAt(0)] = value;
  HEX_DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes as words. */
  view: DataView = viewOf(this.bytes);
  at = 0;
  end = 0;
  /** The last number read; negative numbers are in two's complement. */
  low = 0;
  high = 0;

  set(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = viewOf(bytes);
    }
    this.at = start;
    this.end = end;
  }

  /** The last time read. */
  seconds = 0;
  nanoseconds = 0;
  /** The bytes of the last second read, including the point. */
  readonly #second = new ByteLiteral(SECOND_BYTES_MAX);
  #secondValue = 0;

  /** The last number read as a JavaScript number; exact below 2^53. */
  get value(): number {
    return this.high * TWO_32 + this.low;
  }

  /** Reads `byte` if it is next. */
  byte(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  /** Reads `pattern` if it is next. */
  literal(pattern: ByteLiteral): boolean {
    if (!pattern.isAt(this.view, this.at, this.end)) return false;
    this.at += pattern.length;
    return true;
  }

  startsWith(pattern: ByteLiteral, at: number): boolean {
    return pattern.isAt(this.view, at, this.end);
  }

  /** Where `pattern`, whose first byte is `first`, starts next, or -1. */
  find(pattern: ByteLiteral, first: number): number {
    const { bytes, view, end } = this;
    const last = end - pattern.length;
    for (let at = this.at; at <= last; at++) {
      if (bytes[at] === first && pattern.isAt(view, at, end)) return at;
    }
    return -1;
  }

  blanks(): void {
    while (this.at < this.end && (this.bytes[this.at] === 0x20 || this.bytes[this.at] === 0x09)) {
      this.at++;
    }
  }

  /** Reads a decimal number, or a hexadecimal one that starts with 0x; false leaves the cursor. */
  number(): boolean {
    const { bytes, at } = this;
    if (at + 2 < this.end && bytes[at] === ZERO && bytes[at + 1] === LOWER_X) {
      this.at = at + 2;
      if (this.hex()) return true;
      this.at = at;
      return false;
    }
    if (!this.byte(MINUS)) return this.decimal();
    if (!this.decimal()) {
      this.at = at;
      return false;
    }
    this.#negate();
    return true;
  }

  /** Reads 1 to 16 hexadecimal digits. */
  hex(): boolean {
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    let low = 0;
    let high = 0;
    // Eight digits fill the low word; most numbers have no more.
    for (const last = Math.min(end, start + 8); at < last; at++) {
      const digit = HEX_DIGITS[bytes[at]];
      if (digit < 0) break;
      low = (low << 4) | digit;
    }
    for (; at < end; at++) {
      const digit = HEX_DIGITS[bytes[at]];
      if (digit < 0) break;
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
    }
    if (at === start || at - start > 16) return false;
    this.at = at;
    this.low = low >>> 0;
    this.high = high >>> 0;
    return true;
  }

  /** Reads 1 to 20 decimal digits; refuses a number that exceeds 64 bits. */
  decimal(): boolean {
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    let low = 0;
    // Nine digits fit 31 bits, where arithmetic is cheapest; most numbers have no more.
    for (const last = Math.min(end, start + DIGITS_IN_31_BITS); at < last; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      low = low * 10 + digit;
    }
    if (at - start === DIGITS_IN_31_BITS) return this.#longDecimal(start, low);
    if (at === start) return false;
    this.at = at;
    this.low = low;
    this.high = 0;
    return true;
  }

  /** Continues after the first digits of a number, whose value is `first`. */
  #longDecimal(start: number, first: number): boolean {
    const { bytes, end } = this;
    let at = start + DIGITS_IN_31_BITS;
    let value = first;
    for (const last = Math.min(end, start + DIGITS_IN_53_BITS); at < last; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    let high = Math.floor(value / TWO_32);
    let low = value - high * TWO_32;
    for (; at < end && at - start >= DIGITS_IN_53_BITS; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      low = low * 10 + digit;
      high = high * 10 + Math.floor(low / TWO_32);
      low %= TWO_32;
    }
    if (at - start > 20 || high >= TWO_32) return false;
    this.at = at;
    this.low = low;
    this.high = high;
    return true;
  }

  /** Reads a time in seconds, with or without a fraction, that fits 64 bits of nanoseconds. */
  time(): boolean {
    const start = this.at;
    // Most lines are of the same second as the line before.
    if (this.#second.isAt(this.view, start, this.end)) {
      this.at = start + this.#second.length;
      this.seconds = this.#secondValue;
      this.nanoseconds = this.fraction();
      if (this.nanoseconds >= 0) return true;
    } else if (this.decimal() && this.value < SECONDS_MAX) {
      this.seconds = this.value;
      this.nanoseconds = this.byte(DOT) ? this.#newSecond(start) : 0;
      if (this.nanoseconds >= 0) return true;
    }
    this.at = start;
    return false;
  }

  /** Reads the fraction of a second that starts at `start`, and caches the second. */
  #newSecond(start: number): number {
    this.#second.keep(this.view, start, this.at);
    this.#secondValue = this.seconds;
    return this.fraction();
  }

  /**
   * Reads the digits after a decimal point in units of 10^-9: "5" is 500000000. Digits after the
   * ninth are skipped. Returns -1 when there is no digit.
   */
  fraction(): number {
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    let value = 0;
    for (const last = Math.min(end, start + 9); at < last; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = at - start;
    while (at < end && bytes[at] >= ZERO && bytes[at] <= NINE) at++;
    this.at = at;
    return digits === 0 ? -1 : value * SCALE[digits];
  }

  #negate(): void {
    this.low = -this.low >>> 0;
    this.high = (this.low === 0 ? -this.high : ~this.high) >>> 0;
  }
}
