/**
 * One parsed line of strace: thread, time, and the call with its arguments and result, as ranges of
 * the line's bytes. Arguments are parsed only where a VFIO file is concerned.
 */

import { type Dictionary, errnoNumber } from '../../../traces/index.js';
import { ByteLiteral } from '../../byte-matching/byte-literal.js';
import { Interner } from '../../byte-matching/interner.js';
import { Cursor } from '../line-cursor.js';

const ANGLE_OPEN = 0x3c;
const ANGLE_CLOSE = 0x3e;
const BLANK = 0x20;
const PAREN_OPEN = 0x28;
const PAREN_CLOSE = 0x29;
const EQUALS = 0x3d;
const QUESTION = 0x3f;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const PID_MAX = 0x40_0000;
const DISTANCE = ByteLiteral.of(Buffer.from('(+'));
const PID_WORD = ByteLiteral.of(Buffer.from('pid '));
const UNFINISHED = ByteLiteral.of(Buffer.from(' <unfinished ...>'));
const RESUMED_START = ByteLiteral.of(Buffer.from('<... '));
const RESUMED_END = ByteLiteral.of(Buffer.from(' resumed>'));
/** What strace prints for an errno that it has no name for: `-1 (errno 524)`. */
const ERRNO = ByteLiteral.of(Buffer.from('(errno '));
const SIGNAL = ByteLiteral.of(Buffer.from('--- '));
const EXIT = ByteLiteral.of(Buffer.from('+++ '));
/** Characters of a duration such as `<0.000012>`. */
const DURATION_BYTES_MAX = 24;

/** What a line is. */
export type LineKind = 'call' | 'unfinished' | 'resumed' | 'signal' | 'exit' | 'other';

/** The form of times in an input. */
export type TimeStyle = 'epoch' | 'day' | 'delta' | 'none';

export class CallLine {
  readonly cursor = new Cursor();
  bytes: Buffer = Buffer.alloc(0);
  /** Thread id, or -1 when the line has none. */
  tid = -1;
  /** Id of the thread's name (--decode-pids=comm), or -1 when the line has none. */
  task = -1;
  seconds = 0;
  nanoseconds = 0;
  /** The system call's name, or the text between the dashes of a signal or exit line. */
  nameStart = 0;
  nameEnd = 0;
  /** The text between the parentheses, or as much of it as the line has. */
  argsStart = 0;
  argsEnd = 0;
  /** Whether the call returned a number; 64-bit two's complement, a negative errno on failure. */
  hasRet = false;
  retLow = 0;
  retHigh = 0;
  /** Nanoseconds spent in the call (-T), or -1. */
  duration = -1;

  readonly #errno = new Interner((name) => errnoNumber(name));
  readonly #tasks: Interner<number>;

  constructor(
    readonly style: TimeStyle,
    tasks: Dictionary,
  ) {
    this.#tasks = new Interner((name) => tasks.id(name));
  }

  /** Parses a line. */
  parse(bytes: Buffer, start: number, end: number): LineKind {
    const { cursor } = this;
    this.bytes = bytes;
    cursor.set(bytes, start, end);
    this.#pid();
    if (!this.#time()) return 'other';
    const first = bytes[cursor.at];
    if (first === PAREN_OPEN || first === BRACKET_OPEN) this.#extras();
    if (cursor.at < end && bytes[cursor.at] === ANGLE_OPEN) return this.#resumed();
    if (cursor.startsWith(SIGNAL, cursor.at)) return this.#dashes(SIGNAL.length, 'signal');
    if (cursor.startsWith(EXIT, cursor.at)) return this.#dashes(EXIT.length, 'exit');
    return this.#call();
  }

  /** Whether a line is one of strace by itself; the time stays what it was. */
  isWhole(bytes: Buffer, start: number, end: number): boolean {
    const { seconds, nanoseconds } = this;
    const isWhole = this.parse(bytes, start, end) !== 'other';
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    return isWhole;
  }

  /** Parses the arguments and result of a call whose line was joined from its two halves. */
  parseRest(bytes: Buffer, start: number, end: number): boolean {
    this.bytes = bytes;
    this.argsStart = start;
    return this.#result(start, end);
  }

  /** `123 ` or `[pid 123] `, with the thread's name as in `123<name> `. */
  #pid(): void {
    const { cursor } = this;
    const start = cursor.at;
    this.tid = -1;
    this.task = -1;
    const bracket = cursor.byte(BRACKET_OPEN);
    if (bracket && !cursor.literal(PID_WORD)) {
      cursor.at = start;
      return;
    }
    cursor.blanks();
    const found = cursor.decimal() && cursor.value <= PID_MAX;
    const tid = cursor.low;
    if (found && cursor.byte(ANGLE_OPEN)) this.#task();
    const closed = bracket ? cursor.byte(BRACKET_CLOSE) : true;
    if (found && closed && cursor.byte(BLANK)) {
      this.tid = tid;
      cursor.blanks();
    } else cursor.at = start;
  }

  /** A thread's name and the bracket that closes it; strace escapes brackets in it. */
  #task(): void {
    const { cursor, bytes } = this;
    const end = bytes.indexOf(ANGLE_CLOSE, cursor.at);
    if (end < 0 || end >= cursor.end) return;
    this.task = this.#tasks.get(bytes, cursor.at, end);
    cursor.at = end + 1;
  }

  /**
   * Skips what is between the time and the call: the distance to the call before (`-r`), the call's
   * number (`-n`), the instruction (`-i`).
   */
  #extras(): void {
    const { cursor, bytes } = this;
    if (cursor.startsWith(DISTANCE, cursor.at)) this.#skipTo(PAREN_CLOSE);
    while (cursor.at < cursor.end && bytes[cursor.at] === BRACKET_OPEN) {
      if (!this.#skipTo(BRACKET_CLOSE)) return;
    }
  }

  /** Moves past the next `byte` and the blanks after it; false when there is none. */
  #skipTo(byte: number): boolean {
    const { cursor, bytes } = this;
    const end = bytes.indexOf(byte, cursor.at);
    if (end < 0 || end >= cursor.end) return false;
    cursor.at = end + 1;
    cursor.blanks();
    return true;
  }

  #time(): boolean {
    const { cursor } = this;
    cursor.blanks();
    if (this.style === 'none') return true;
    if (this.style === 'day') return this.#timeOfDay();
    const { seconds, nanoseconds } = this;
    if (!cursor.time()) return false;
    this.seconds = cursor.seconds;
    this.nanoseconds = cursor.nanoseconds;
    if (this.style === 'delta') {
      const sum = nanoseconds + cursor.nanoseconds;
      this.seconds = seconds + cursor.seconds + (sum >= 1e9 ? 1 : 0);
      this.nanoseconds = sum % 1e9;
    }
    cursor.blanks();
    return true;
  }

  /** `HH:MM:SS` or `HH:MM:SS.uuuuuu`. */
  #timeOfDay(): boolean {
    const { cursor } = this;
    if (!cursor.decimal() || cursor.value > 23) return false;
    const hours = cursor.low;
    if (!cursor.byte(COLON) || !cursor.decimal() || cursor.value > 59) return false;
    const minutes = cursor.low;
    if (!cursor.byte(COLON) || !cursor.time() || cursor.seconds > 60) return false;
    this.seconds = hours * 3600 + minutes * 60 + cursor.seconds;
    this.nanoseconds = cursor.nanoseconds;
    cursor.blanks();
    return true;
  }

  /** `--- SIGBUS {…} ---` and `+++ exited with 0 +++`. */
  #dashes(length: number, kind: 'signal' | 'exit'): LineKind {
    const { cursor } = this;
    this.nameStart = cursor.at + length;
    const closing = cursor.end - length;
    if (closing <= this.nameStart) return 'other';
    let at = this.nameStart;
    while (at < closing && this.bytes[at] !== BLANK) at++;
    this.nameEnd = at;
    this.argsStart = Math.min(at + 1, closing);
    this.argsEnd = closing;
    return kind;
  }

  /** `<... ioctl resumed>, 0x7ffc) = 0`. */
  #resumed(): LineKind {
    const { cursor } = this;
    if (!cursor.literal(RESUMED_START)) return 'other';
    const end = cursor.find(RESUMED_END, BLANK);
    if (end < 0) return 'other';
    this.nameStart = cursor.at;
    this.nameEnd = end;
    this.argsStart = end + RESUMED_END.length;
    this.argsEnd = cursor.end;
    return 'resumed';
  }

  #call(): LineKind {
    const { cursor, bytes } = this;
    const { end } = cursor;
    let at = cursor.at;
    while (at < end && isNameByte(bytes[at])) at++;
    if (at === cursor.at || at === end || bytes[at] !== PAREN_OPEN) return 'other';
    this.nameStart = cursor.at;
    this.nameEnd = at;
    this.argsStart = at + 1;
    const unfinished = end - UNFINISHED.length;
    if (bytes[end - 1] === ANGLE_CLOSE && cursor.startsWith(UNFINISHED, unfinished)) {
      this.argsEnd = unfinished;
      return 'unfinished';
    }
    return this.#result(this.argsStart, end) ? 'call' : 'other';
  }

  /** Finds the end of the arguments and reads what follows: `) = -1 EBUSY (…) <0.000012>`. */
  #result(start: number, lineEnd: number): boolean {
    const { bytes, cursor } = this;
    const end = this.#takeDuration(start, lineEnd);
    let at = end - 2;
    for (; at > start; at--) {
      if (bytes[at] !== EQUALS || bytes[at - 1] !== BLANK || bytes[at + 1] !== BLANK) continue;
      let close = at - 2;
      while (close >= start && bytes[close] === BLANK) close--;
      if (close < start || bytes[close] !== PAREN_CLOSE) continue;
      this.argsEnd = close;
      break;
    }
    if (at <= start) return false;
    cursor.set(bytes, at + 2, end);
    return this.#ret();
  }

  #takeDuration(start: number, end: number): number {
    const { bytes, cursor } = this;
    this.duration = -1;
    if (bytes[end - 1] !== ANGLE_CLOSE) return end;
    let at = end - 2;
    const last = Math.max(start, end - DURATION_BYTES_MAX);
    while (at > last && (bytes[at] === DOT || (bytes[at] >= ZERO && bytes[at] <= NINE))) at--;
    if (bytes[at] !== ANGLE_OPEN || bytes[at - 1] !== BLANK) return end;
    cursor.set(bytes, at + 1, end - 1);
    if (!cursor.time() || cursor.at !== end - 1) return end;
    this.duration = cursor.seconds * 1e9 + cursor.nanoseconds;
    return at - 1;
  }

  #ret(): boolean {
    const { cursor, bytes } = this;
    this.hasRet = cursor.number();
    if (!this.hasRet) return cursor.at < cursor.end && bytes[cursor.at] === QUESTION;
    this.retLow = cursor.low;
    this.retHigh = cursor.high;
    if (cursor.byte(BLANK)) this.#takeErrno();
    return true;
  }

  /** Puts the negative number of an errno's name in place of the -1 that the C library returns. */
  #takeErrno(): void {
    const { cursor, bytes } = this;
    if (cursor.literal(ERRNO)) {
      if (!cursor.decimal()) return;
      this.#negative(cursor.low);
      return;
    }
    let at = cursor.at;
    while (at < cursor.end && bytes[at] !== BLANK) at++;
    const number = this.#errno.get(bytes, cursor.at, at);
    if (number !== undefined) this.#negative(number);
  }

  #negative(errno: number): void {
    this.retLow = -errno >>> 0;
    this.retHigh = 0xffff_ffff;
  }
}

/** Whether a byte may be part of a system call's name. */
function isNameByte(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f || (byte >= 0x30 && byte <= 0x39);
}
