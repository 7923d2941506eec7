/** Integers as the kernel prints them, into 64-bit two's complement words, without strings. */
import { NOT_SET } from '../../mapping/record.js';
import { DASH, HEX, isDigit, LETTER_X, ZERO } from './ascii.js';

const TWO_32 = 0x1_0000_0000;
/** Decimal numbers of so many digits are exact in a double. */
const EXACT_DIGITS = 15;
const DIGITS_MAX = 20;

export class Integer {
  /** The low and high 32 bits, unsigned. */
  low = NOT_SET;
  high = NOT_SET;

  /**
   * Reads the number at the start of a range: decimal, or hexadecimal after `0x` or when `hex`.
   * What is no number reads as 0.
   */
  read(bytes: Uint8Array, start: number, end: number, hex: boolean): void {
    if (end - start > 2 && bytes[start] === ZERO && bytes[start + 1] === LETTER_X) {
      this.#hex(bytes, start + 2, end);
    } else if (hex) this.#hex(bytes, start, end);
    else this.#decimal(bytes, start, end);
  }

  #hex(bytes: Uint8Array, start: number, end: number): void {
    let low = 0;
    let high = 0;
    for (let p = start; p < end; p++) {
      const digit = HEX[bytes[p]];
      if (digit > 15) break;
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
    }
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  #decimal(bytes: Uint8Array, start: number, end: number): void {
    const negative = start < end && bytes[start] === DASH;
    const first = negative ? start + 1 : start;
    let p = first;
    let value = 0;
    while (p < end && isDigit(bytes[p])) value = value * 10 + bytes[p++] - ZERO;
    if (p - first > EXACT_DIGITS) {
      this.#big(bytes, first, Math.min(p, first + DIGITS_MAX), negative);
      return;
    }
    this.low = (negative ? -value : value) >>> 0;
    this.high = Math.floor((negative ? -value : value) / TWO_32) >>> 0;
  }

  #big(bytes: Uint8Array, start: number, end: number, negative: boolean): void {
    let value = 0n;
    for (let p = start; p < end; p++) value = value * 10n + BigInt(bytes[p] - ZERO);
    if (negative) value = -value;
    this.low = Number(BigInt.asUintN(32, value));
    this.high = Number(BigInt.asUintN(32, value >> 32n));
  }
}
