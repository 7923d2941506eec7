import type { Dictionary } from '../../../traces/index.js';
import type { ByteLiteral } from '../../byte-matching/byte-literal.js';
import { Interner } from '../../byte-matching/interner.js';
import type { FieldReader } from '../../mapping/trace-record.js';
import { Cursor } from '../line-cursor.js';
import {
  CLOSE,
  COLON,
  EQUALS,
  LETTER_X,
  NEWLINE,
  OPEN,
  OPEN_BRACKET,
  QUOTE,
  RETURN,
  SPACE,
  skipSpaces,
  WORD,
} from './ascii.js';
import { hashStep, type TextEvent } from './event-table.js';
import { fieldLayoutOf } from './field-layout.js';
import { isKeyAt, measuredEnd } from './measured-string.js';
import { normalArguments } from './normal-arguments.js';

/** More fields than a probe can have (MAX_TRACE_ARGS is 128 in kernel/trace/trace_probe.h). */
const FIELDS_MAX = 64;
const NONE = -1;
const FAULT = Buffer.from('(fault)');
const HANDLED = Buffer.from('handled');

/**
 * The fields of one record, as ranges of its text. Strings are printed raw: they may contain
 * quotes, newlines and text that looks like fields. A string that is followed by its length is that
 * long. Any other string ends at the first quote after which the record ends or a field follows.
 */
export class TextFields implements FieldReader {
  /** True when the text ended inside of a string. */
  open = false;
  /** Index of the last `[` outside strings, -1 if there is none: fields have none. */
  bracket = NONE;

  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #event: TextEvent | null = null;
  readonly #starts = new Int32Array(FIELDS_MAX);
  readonly #ends = new Int32Array(FIELDS_MAX);
  /** The number of the record that last had a field. */
  readonly #has = new Float64Array(FIELDS_MAX);
  #record = 1;
  /** Where the first value of the current record is. */
  #firstValue = 0;
  #keys = 0;
  /** Where the string whose length is known begins and ends. */
  #measuredStart = NONE;
  #measuredEnd = NONE;
  #odd = false;
  #hex = false;
  /** Holds the number read last. */
  readonly #cursor = new Cursor();
  readonly #strings = new Interner((word) => word);
  readonly #ids: { dictionary: Dictionary; words: Interner<number> }[] = [];

  /** Parses the text of a record's fields. */
  read(bytes: Buffer, start: number, end: number, event: TextEvent): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end > start && bytes[end - 1] === RETURN ? end - 1 : end;
    this.#event = event;
    this.#record++;
    this.#keys = 0;
    this.#odd = this.open = false;
    this.bracket = this.#measuredStart = this.#measuredEnd = NONE;
    this.#hex = event.grammar === 'arguments' || event.grammar === 'result';
    if (event.grammar === 'fields') this.#readFields(event);
    else if (event.grammar === 'text' || event.grammar === 'stack') this.#readText();
    else if (event.grammar === 'arguments') this.#readArguments(event);
    else this.#readResult();
  }

  /**
   * Reads a record whose text up to `valueAt`, its first value, is that of the record before.
   * @returns the end of its line; -1 when it is not as its event's records are and wants `read`
   */
  readAgain(
    b: Buffer,
    view: DataView,
    start: number,
    valueAt: number,
    end: number,
    event: TextEvent,
  ): number {
    const { keys, fieldOfKey } = event;
    const count = keys.length;
    this.#record++;
    let p = valueAt;
    for (let key = 0; key < count; key++) {
      const field = fieldOfKey[key];
      const next = key + 1 < count ? keys[key + 1] : null;
      let value = p;
      if (b[p] === OPEN) return -1;
      if (b[p] === QUOTE) {
        value++;
        p = plainStringEnd(b, value, end);
        if (p < 0) return -1;
        if (field >= 0) this.#mark(field, value, p);
        p++;
        if (next !== null && !next.isAt(view, p, end)) return -1;
      } else {
        p = plainValueEnd(b, view, p, end, next);
        if (p < 0) return -1;
        if (field >= 0) this.#mark(field, value, p);
      }
      if (next !== null) p += next.length;
    }
    if (p >= end || b[p] !== NEWLINE) return -1;
    this.#bytes = b;
    this.#start = start;
    this.#end = p;
    this.#event = event;
    this.#hex = this.open = this.#odd = false;
    this.bracket = NONE;
    return p;
  }

  #mark(field: number, start: number, end: number): void {
    this.#has[field] = this.#record;
    this.#starts[field] = start;
    this.#ends[field] = end;
  }

  /** Where the first value of the record is when others can be expected to be like it; else -1. */
  get repeatsUntil(): number {
    const event = this.#event;
    if (event === null || event.positional !== undefined || event.measured !== null) return -1;
    const like = !this.open && !this.#odd && this.#keys > 0 && this.#keys === event.shape.length;
    return event.grammar === 'fields' && like ? this.#firstValue : -1;
  }

  /** Whether the record has fewer fields than the one of its event before. */
  get isCut(): boolean {
    const { keys = [] } = this.#event ?? {};
    return this.isPlain && !this.open && !this.#odd && this.#keys < keys.length;
  }

  /** Whether the record has the fields of the one of its event before, by name and order. */
  get isLikeBefore(): boolean {
    const { shape = [] } = this.#event ?? {};
    if (this.open || this.#odd || this.#keys !== shape.length) return false;
    const own = fieldLayoutOf(this.#bytes.toString('latin1', this.#start, this.#end));
    return own.every((key, i) => key === shape[i]);
  }

  /** Whether the text consists of named fields, whose strings and brackets are known. */
  get isPlain(): boolean {
    return this.#event?.grammar === 'fields';
  }

  /** Whether a string of the record is as long as the record says, so that nothing is missing. */
  get isMeasured(): boolean {
    return this.#measuredEnd !== NONE;
  }

  /** Whether the record has a string shorter than it says: the kernel's ends at a NUL. */
  get isShort(): boolean {
    const measured = this.#event?.measured ?? null;
    if (measured === null || !this.has(measured.text) || !this.number(measured.length))
      return false;
    const { text } = measured;
    return this.high === 0 && this.low >>> 0 > this.#ends[text] - this.#starts[text];
  }

  has(field: number): boolean {
    return this.#has[field] === this.#record;
  }

  get low(): number {
    return this.#cursor.low;
  }

  get high(): number {
    return this.#cursor.high;
  }

  number(field: number): boolean {
    if (!this.has(field)) return false;
    this.#parse(field);
    return true;
  }

  text(field: number): string {
    return this.#strings.get(this.#bytes, this.#starts[field], this.#ends[field]);
  }

  intern(field: number, dictionary: Dictionary): number {
    // trace-cmd and perf print nothing for what the kernel could not read; names are never empty.
    if (!this.has(field) || this.#starts[field] === this.#ends[field]) return -1;
    let ids = this.#ids.find((entry) => entry.dictionary === dictionary);
    if (ids === undefined) {
      ids = { dictionary, words: new Interner((word) => dictionary.id(word)) };
      this.#ids.push(ids);
    }
    return ids.words.get(this.#bytes, this.#starts[field], this.#ends[field]);
  }

  raw(): string {
    const text = this.#bytes.toString('utf8', this.#start, this.#end).trimStart();
    return this.#event?.grammar === 'arguments' ? normalArguments(text) : text;
  }

  #parse(field: number): void {
    const [start, end] = [this.#starts[field], this.#ends[field]];
    this.#readNumber(start, end, this.#hex);
    // With the option `fields`, numbers are printed twice: `0xffffffed (-19)`.
    if (this.#bytes[end - 1] === CLOSE) {
      const open = this.#bytes.indexOf(OPEN, start);
      if (open > start && open < end) this.#readNumber(open + 1, end, false);
    }
    // irq_handler_exit prints its result as a word.
    if (this.#bytes[start] === HANDLED[0] && HANDLED.compare(this.#bytes, start, end) === 0) {
      this.#cursor.low = 1;
    }
  }

  /** Reads the number at the start of a range; 0 if there is no number. */
  #readNumber(start: number, end: number, isHex: boolean): void {
    const cursor = this.#cursor;
    cursor.set(this.#bytes, start, end);
    const hasPrefix = end - start > 2 && this.#bytes[start + 1] === LETTER_X;
    if (isHex && !hasPrefix ? cursor.hex() : cursor.number()) return;
    cursor.low = cursor.high = 0;
  }

  #set(field: number, start: number, end: number): void {
    if (this.#has[field] === this.#record) this.#odd = true;
    this.#mark(field, start, end);
  }

  #readFields(event: TextEvent): void {
    this.#measure(event);
    this.#scan(event);
    for (let field = 0; field < event.hashes.length; field++) {
      if (!this.has(field) || this.#bytes[this.#starts[field]] !== OPEN) continue;
      const quoted = this.#bytes[this.#starts[field] - 1] === QUOTE;
      if (!quoted && FAULT.compare(this.#bytes, this.#starts[field], this.#ends[field]) === 0) {
        this.#has[field] = 0;
      }
    }
    if (event.positional !== undefined) this.#readPositional(event, event.positional);
  }

  /** Remembers what fields the record has, once it is known which lines are its own. */
  learn(): void {
    const event = this.#event;
    if (event === null || !event.learns || this.open || this.#odd || this.#keys === 0) return;
    event.learn(this.#bytes, this.#start, this.#end);
  }

  /** Finds the end of the string whose length the record states. */
  #measure(event: TextEvent): void {
    if (event.measured === null) return;
    const found = measuredEnd(this.#bytes, this.#start, this.#end, event.measured);
    if (found === null) return;
    [this.#measuredStart, this.#measuredEnd] = [found.start, found.end];
  }

  #readPositional(event: TextEvent, pattern: RegExp): void {
    const match = pattern.exec(this.#bytes.toString('latin1', this.#start, this.#end));
    for (const [name, range] of Object.entries(match?.indices?.groups ?? {})) {
      const field = event.rule.fields.indexOf(name);
      if (field !== NONE) this.#set(field, this.#start + range[0], this.#start + range[1]);
    }
  }

  /** Finds ` key=value` and ` key="text"` from left to right; ends a string at its first end. */
  #scan(event: TextEvent): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let p = this.#start - 1;
    if (bytes[p + 1] === OPEN) while (p < end && bytes[p] !== CLOSE) p++;
    let field = NONE;
    let valueAt = 0;
    while (p < end) {
      const byte = bytes[p];
      if (byte !== SPACE) {
        if (byte === OPEN_BRACKET) this.bracket = p;
        p++;
        continue;
      }
      let q = p + 1;
      let hash = 0;
      for (; q < end && WORD[bytes[q]] === 1; q++) hash = hashStep(hash, bytes[q]);
      if (q >= end || bytes[q] !== EQUALS || q === p + 1) {
        p = q;
        continue;
      }
      if (field !== NONE) this.#set(field, valueAt, p);
      this.#keys++;
      if (this.#keys === 1) this.#firstValue = q + 1;
      field = event.fieldOf(hash);
      valueAt = q + 1;
      p = valueAt;
      if (p === this.#measuredStart) {
        // A string without quotes, of the option `fields`.
        p = this.#measuredEnd;
        continue;
      }
      if (p >= end || bytes[p] !== QUOTE) continue;
      const close = this.#closingQuote(p + 1);
      if (field !== NONE) this.#set(field, p + 1, close);
      field = NONE;
      p = close + 1;
    }
    if (field !== NONE) this.#set(field, valueAt, end);
  }

  /** The first quote that can end a string that starts at `at`; the end of the text if none can. */
  #closingQuote(at: number): number {
    if (at === this.#measuredStart) return this.#measuredEnd;
    for (let p = at; p < this.#end; p++) {
      if (this.#bytes[p] !== QUOTE) continue;
      if (p + 1 === this.#end || isKeyAt(this.#bytes, p + 1, this.#end)) return p;
      this.#odd = true;
    }
    this.open = true;
    return this.#end;
  }

  #readText(): void {
    let start = skipSpaces(this.#bytes, this.#start, this.#end);
    // trace-cmd prints the writer of a mark before the mark itself.
    const writer = /^(?:tracing_mark_write: |ip=\S+ buf=)/.exec(
      this.#bytes.toString('latin1', start, Math.min(start + 64, this.#end)),
    );
    if (writer !== null && this.#event?.rule.event === 'print') start += writer[0].length;
    this.#set(0, start, this.#end);
  }

  /** `fd: 5, cmd: 3b6b, arg: 7ffd5` with or without parentheses, or `fd=0x5 cmd=0x3b6b`. */
  #readArguments(event: TextEvent): void {
    const bytes = this.#bytes;
    for (let p = this.#start; p < this.#end; ) {
      let hash = 0;
      const start = p;
      while (p < this.#end && WORD[bytes[p]] === 1) hash = hashStep(hash, bytes[p++]);
      const named = p > start && p + 1 < this.#end;
      const separator = bytes[p] === EQUALS ? 1 : 2;
      if (!named || (separator === 2 && (bytes[p] !== COLON || bytes[p + 1] !== SPACE))) {
        p = Math.max(p, start + 1);
        continue;
      }
      const value = p + separator;
      p = value;
      while (p < this.#end && WORD[bytes[p]] === 1) p++;
      const field = event.fieldOf(hash);
      if (field !== NONE && !this.has(field)) this.#set(field, value, p);
    }
  }

  /** `-> 0x0`, `0x0`, `__syscall_nr=16 ret=0x0`, or `ret=0x0 (0)` under the option `fields`. */
  #readResult(): void {
    let start = this.#end;
    if (start > this.#start && this.#bytes[start - 1] === CLOSE) {
      while (start > this.#start && this.#bytes[start] !== OPEN) start--;
      start--;
    }
    while (start > this.#start && WORD[this.#bytes[start - 1]] === 1) start--;
    if (start < this.#end) this.#set(0, start, this.#end);
  }
}

/** The quote that ends a string without inner quotes; -1 when the string is not that simple. */
function plainStringEnd(bytes: Buffer, at: number, end: number): number {
  for (let p = at; p < end; p++) {
    if (bytes[p] === NEWLINE) return -1;
    if (bytes[p] === QUOTE) return p;
  }
  return -1;
}

/**
 * The end of a value without quotes: before the key that comes next, or at the end of the line.
 * @returns -1 when another key comes
 */
function plainValueEnd(
  bytes: Buffer,
  view: DataView,
  at: number,
  end: number,
  next: ByteLiteral | null,
): number {
  for (let p = at; ; p++) {
    while (p < end && bytes[p] > SPACE) p++;
    if (p >= end || bytes[p] !== SPACE) return next === null ? p : -1;
    if (next?.isAt(view, p, end) === true) return p;
    if (isKeyAt(bytes, p, end)) return -1;
  }
}
