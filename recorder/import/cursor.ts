/**
 * A cursor over the bytes of one line: literals and numbers are taken from it without making a
 * string. Numbers are 64 bits wide, as two 32-bit words.
 */
const ZERO = 0x30;
const LOWER_X = 0x78;
const MINUS = 0x2d;
const DOT = 0x2e;
/** 2^64 nanoseconds. */
export const SECONDS_MAX = 18_446_744_073;
const TWO_32 = 0x1_0000_0000;

/** Value of every byte as a hexadecimal digit, -1 where it is none. */
export const HEX_DIGITS = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX_DIGITS[digit.charCodeAt(0)] = value;
  HEX_DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  /** The number taken last; a negative one is in two's complement. */
  low = 0;
  high = 0;

  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** The time taken last. */
  seconds = 0;
  nanoseconds = 0;

  /** The number taken last as a JavaScript number; exact below 2^53. */
  get value(): number {
    return this.high * TWO_32 + this.low;
  }

  /** Takes `byte` when it is next. */
  byte(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  /** Takes `literal` when it is next. */
  literal(literal: Uint8Array): boolean {
    if (!this.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }

  startsWith(literal: Uint8Array, at: number): boolean {
    const { bytes } = this;
    const { length } = literal;
    if (at + length > this.end) return false;
    for (let i = 0; i < length; i++) {
      if (bytes[at + i] !== literal[i]) return false;
    }
    return true;
  }

  /** Where `literal` starts next, or -1. */
  find(literal: Uint8Array): number {
    const { bytes } = this;
    const last = this.end - literal.length;
    const first = literal[0];
    for (let at = this.at; at <= last; at++) {
      if (bytes[at] === first && this.startsWith(literal, at)) return at;
    }
    return -1;
  }

  blanks(): void {
    while (this.at < this.end && (this.bytes[this.at] === 0x20 || this.bytes[this.at] === 0x09)) {
      this.at++;
    }
  }

  /** Takes a decimal number, or a hexadecimal one that starts with 0x; false leaves the cursor. */
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

  /** Takes 1 to 16 hexadecimal digits. */
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

  /** Takes 1 to 20 decimal digits; a number past 64 bits is refused. */
  decimal(): boolean {
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    let low = 0;
    let high = 0;
    // Nine digits fit 31 bits, where arithmetic is cheapest; most numbers have no more.
    for (const last = Math.min(end, start + 9); at < last; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      low = low * 10 + digit;
    }
    for (; at < end; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      low = low * 10 + digit;
      if (low >= TWO_32 || high !== 0) {
        high = high * 10 + Math.floor(low / TWO_32);
        low %= TWO_32;
      }
    }
    if (at === start || at - start > 20 || high >= TWO_32) return false;
    this.at = at;
    this.low = low;
    this.high = high;
    return true;
  }

  /** Takes a time in seconds, with or without a fraction, that fits 64 bits of nanoseconds. */
  time(): boolean {
    const start = this.at;
    if (this.decimal() && this.value < SECONDS_MAX) {
      this.seconds = this.value;
      this.nanoseconds = this.byte(DOT) ? this.fraction() : 0;
      if (this.nanoseconds >= 0) return true;
    }
    this.at = start;
    return false;
  }

  /**
   * Takes the digits after a decimal point as so many units of 10^-9: "5" is 500000000. Digits
   * after the ninth are skipped. Returns -1 when there is no digit.
   */
  fraction(): number {
    let value = 0;
    let digits = 0;
    for (; this.at < this.end; this.at++) {
      const digit = this.bytes[this.at] - ZERO;
      if (digit < 0 || digit > 9) break;
      if (digits < 9) value = value * 10 + digit;
      digits++;
    }
    if (digits === 0) return -1;
    for (; digits < 9; digits++) value *= 10;
    return value;
  }

  #negate(): void {
    this.low = -this.low >>> 0;
    this.high = (this.low === 0 ? -this.high : ~this.high) >>> 0;
  }
}
