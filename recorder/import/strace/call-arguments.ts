/** Arguments of a call as strace prints them: split at the commas that belong to the call. */
import { HEX_DIGITS } from '../line-cursor.js';

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ANGLE_OPEN = 0x3c;
const ANGLE_CLOSE = 0x3e;
const BLANK = 0x20;
const PAREN_OPEN = 0x28;
const PAREN_CLOSE = 0x29;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
/** No call that matters here has more. */
const ARGUMENTS_MAX = 8;

/** 1 for the bytes at which an argument may end or something starts that may hold a comma. */
const IS_SPECIAL = new Uint8Array(256);
for (const byte of [QUOTE, COMMA, ANGLE_OPEN, PAREN_OPEN, PAREN_CLOSE]) IS_SPECIAL[byte] = 1;
for (const byte of [BRACKET_OPEN, BRACKET_CLOSE, BRACE_OPEN, BRACE_CLOSE]) IS_SPECIAL[byte] = 1;

/** The arguments of one call, parsed on demand: most calls are irrelevant. */
export class Arguments {
  readonly starts = new Int32Array(ARGUMENTS_MAX);
  readonly ends = new Int32Array(ARGUMENTS_MAX);
  #count = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** Moves to the arguments in `bytes[start..end)`. */
  set(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#count = 0;
    this.#at = start;
    this.#end = end;
  }

  /** Whether there is an argument `index`; what follows the last that is held belongs to it. */
  has(index: number): boolean {
    const end = this.#end;
    while (this.#count <= index && this.#at < end && this.#count < ARGUMENTS_MAX) {
      const isLast = this.#count === ARGUMENTS_MAX - 1;
      const stop = isLast ? end : argumentEnd(this.#bytes, this.#at, end);
      this.starts[this.#count] = this.#at;
      this.ends[this.#count] = withoutBlanks(this.#bytes, this.#at, stop);
      this.#count++;
      let at = stop + 1;
      while (at < end && this.#bytes[at] === BLANK) at++;
      this.#at = at;
    }
    return index < this.#count;
  }
}

/** The end of an argument without the blank that strace puts where it was interrupted. */
function withoutBlanks(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && bytes[last - 1] === BLANK) last--;
  return last;
}

/** Where the argument that starts at `at` ends: at the next comma outside brackets and strings. */
function argumentEnd(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  let at = start;
  /**
   * False once no path closes any more, so that a line full of `<` is not searched over and over.
   */
  let mayClose = true;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (IS_SPECIAL[byte] === 0) continue;
    switch (byte) {
      case QUOTE:
        at = stringEnd(bytes, at, end);
        break;
      case ANGLE_OPEN: {
        const close: number = mayClose ? pathEnd(bytes, at, end) : -1;
        mayClose = close >= 0;
        if (mayClose) at = close;
        break;
      }
      case COMMA:
        if (depth === 0) return at;
        break;
      case PAREN_OPEN:
      case BRACKET_OPEN:
      case BRACE_OPEN:
        depth++;
        break;
      case PAREN_CLOSE:
      case BRACKET_CLOSE:
      case BRACE_CLOSE:
        depth--;
        break;
    }
  }
  return Math.min(at, end);
}

/** The closing quote of the string that opens at `at`. */
function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  let next = at + 1;
  while (next < end && bytes[next] !== QUOTE) next += bytes[next] === BACKSLASH ? 2 : 1;
  return next;
}

/**
 * The bracket that closes the path of a descriptor, or -1: a path may hold anything but its end.
 */
function pathEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let next = at + 1; next < end; next++) {
    if (bytes[next] === ANGLE_CLOSE && (next + 1 === end || bytes[next + 1] === COMMA)) return next;
  }
  return -1;
}

const ESCAPES: Readonly<Record<number, number>> = {
  110: 0x0a,
  116: 0x09,
  114: 0x0d,
  118: 0x0b,
  102: 0x0c,
  97: 0x07,
  98: 0x08,
};

/** A string as strace prints it, decoded into `into`; `complete` is false when strace cut it. */
export class StringDecoder {
  readonly bytes: Buffer;
  length = 0;
  complete = false;

  /** @param capacity longest string that is decoded; the rest of a longer one is left out */
  constructor(capacity: number) {
    this.bytes = Buffer.alloc(capacity);
  }

  /** Decodes `"..."` or `"..."...`; false when the argument is not a string. */
  decode(source: Uint8Array, start: number, end: number): boolean {
    this.length = 0;
    if (start >= end || source[start] !== QUOTE) return false;
    const { bytes } = this;
    const capacity = bytes.byteLength;
    let at = start + 1;
    let length = 0;
    while (at < end && source[at] !== QUOTE) {
      if (source[at] === BACKSLASH) {
        this.length = length;
        at = this.#escape(source, at + 1, end);
        length = this.length;
      } else {
        if (length < capacity) bytes[length] = source[at];
        length++;
        at++;
      }
    }
    this.length = length;
    this.complete = at === end - 1 && this.length <= this.bytes.byteLength;
    this.length = Math.min(this.length, this.bytes.byteLength);
    return at < end;
  }

  /** An escape of C: a letter, `x` with two hexadecimal digits, or up to three octal ones. */
  #escape(source: Uint8Array, at: number, end: number): number {
    if (at >= end) return at;
    const byte = source[at];
    if (byte === 0x78) return this.#digits(source, at + 1, Math.min(end, at + 3), 16);
    if (byte >= 0x30 && byte <= 0x37) return this.#digits(source, at, Math.min(end, at + 3), 8);
    this.#put(ESCAPES[byte] ?? byte);
    return at + 1;
  }

  #digits(source: Uint8Array, start: number, end: number, base: number): number {
    let value = 0;
    let at = start;
    for (; at < end; at++) {
      const digit = HEX_DIGITS[source[at]];
      if (digit < 0 || digit >= base) break;
      value = value * base + digit;
    }
    this.#put(value & 0xff);
    return at;
  }

  #put(byte: number): void {
    if (this.length < this.bytes.byteLength) this.bytes[this.length] = byte;
    this.length++;
  }
}
