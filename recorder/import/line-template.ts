/**
 * Lines of fixed form, described by a template such as `({device}, @{offset}, len={length})
 * {value}` that is compiled once and matched against bytes.
 *
 * Slots: `device`, `driver` and `text` match a word up to the literal that follows and set their
 * column; `bdf` and `address` are devices written as three and four numbers, `sid` is one written
 * as one number. `error` is a text of strerror(), for `ret`. `region`, `offset`, `length`, `value`
 * and `ret` match a number (decimal, or hexadecimal with 0x) and set their column; `last` is the
 * last byte of a range and determines its length. `$`, `char`, `pointer` and `#` are a word, a
 * character, an address and a number without a column. `:x` after the name of a number says that
 * its writer prints it in hexadecimal, which matters only where the text is made from a binary
 * form; `:h` that it prints no 0x before it.
 *
 * A `ret` of -1 is what the C library returns for every error: such a result stays null, since the
 * error is not known.
 */
import { assert, CELL, type EventRow } from '../../traces/index.js';
import { ByteLiteral } from '../byte-matching/byte-literal.js';
import type { Interner } from '../byte-matching/interner.js';
import type { Cursor } from './line-cursor.js';

/** What a slot matches, and its column; words come first. */
const SLOTS = [
  'device',
  'bdf',
  'address',
  'driver',
  'text',
  'error',
  '$',
  'char',
  'pointer',
  'region',
  'offset',
  'length',
  'value',
  'ret',
  'last',
  'sid',
  '#',
] as const;
export type Slot = (typeof SLOTS)[number];
const WITHOUT_COLUMN: readonly Slot[] = ['$', 'char', 'pointer', '#'];

/** Numbers of the slots, which are cheaper to switch on than their names. */
const CODE = Object.fromEntries(SLOTS.map((slot, i) => [slot, i])) as Record<Slot, number>;
/** The region column has 16 bits; a larger index is no region. */
const REGION_MAX = 0x7fff;
const REQUESTER_MAX = 0xffff;
/** A word of -1. */
const MINUS_ONE = 0xffff_ffff;
/** Longer words are not cached. */
const AGAIN_BYTES_MAX = 64;

/** A literal, then a slot; the last part of a template may lack the slot. */
export interface TemplatePart {
  readonly literal: Buffer;
  readonly pattern: ByteLiteral;
  readonly slot: Slot | null;
  /** Index of the slot in SLOTS, -1 if it has none. */
  readonly code: number;
  /** How the writer prints the number: in hexadecimal with 0x, or without. */
  readonly radix: 'x' | 'h' | null;
  /** The last word of this slot with the literal after it: usually it is the same again. */
  readonly again: ByteLiteral;
}

/** The values of words, shared by all templates of an importer. */
export interface WordIds {
  readonly device: Interner<number>;
  /** Devices as a guest numbers them, without a domain. */
  readonly guest: Interner<number>;
  readonly driver: Interner<number>;
  /** What strerror() says, as a negative errno; undefined for other text. */
  readonly error: Interner<number | undefined>;
  /** Id of the device with a requester id: bus << 8 | device << 3 | function. */
  requester(sid: number): number;
}

export class Template {
  readonly parts: readonly TemplatePart[];
  /** Whether every slot has a column, so that the text of the line adds nothing. */
  readonly isComplete: boolean;
  /** Per part: the words of a number, or the start and end of a word. */
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;

  constructor(source: string) {
    const parts: TemplatePart[] = [];
    const pieces = source.split(/\{([^}]+)\}/);
    for (let i = 0; i < pieces.length; i += 2) {
      const spec = pieces[i + 1] ?? null;
      const slot = (spec?.replace(/:[xh]$/, '') ?? null) as Slot | null;
      const radix = spec === slot ? null : (spec?.at(-1) as 'x' | 'h');
      const code = slot === null ? -1 : SLOTS.indexOf(slot);
      assert(slot === null || code >= 0, `slot ${slot} is known`);
      if (slot === null && pieces[i] === '') continue;
      const literal = Buffer.from(pieces[i]);
      const pattern = ByteLiteral.of(literal);
      const again = new ByteLiteral(AGAIN_BYTES_MAX);
      parts.push({ literal, pattern, slot, code, radix, again });
    }
    this.parts = parts;
    this.isComplete = parts.every(({ slot }) => slot === null || !WITHOUT_COLUMN.includes(slot));
    this.#low = new Uint32Array(parts.length);
    this.#high = new Uint32Array(parts.length);
  }

  /** Whether the rest of the line has this form, to its end; keeps what the slots took. */
  match(cursor: Cursor): boolean {
    const { parts } = this;
    /** Whether the search for the current part's word also found its literal. */
    let isFound = false;
    for (let i = 0; i < parts.length; i++) {
      const { pattern, code, radix } = parts[i];
      if (isFound) cursor.at += pattern.length;
      else if (pattern.length > 0 && !cursor.literal(pattern)) return false;
      isFound = false;
      if (code < 0) break;
      if (code <= CODE.pointer) {
        isFound = i + 1 < parts.length;
        if (!this.#readWord(cursor, i)) return false;
      } else {
        if (!(radix === 'h' ? cursor.hex() : cursor.number())) return false;
        if (code === CODE.region && cursor.value > REGION_MAX) return false;
        this.#low[i] = cursor.low;
        this.#high[i] = cursor.high;
      }
    }
    // Some writers end their lines with a blank, which other programs remove.
    cursor.blanks();
    return cursor.at === cursor.end;
  }

  /** The number that `match` read for a slot, as a low and a high word; null when there is none. */
  taken(slot: Slot): readonly [low: number, high: number] | null {
    const i = this.parts.findIndex((part) => part.slot === slot);
    return i < 0 ? null : [this.#low[i], this.#high[i]];
  }

  /** Reads a word: up to the literal that follows, or to the end of the line. */
  #readWord(cursor: Cursor, i: number): boolean {
    const start = cursor.at;
    const next = this.parts[i + 1];
    let end = cursor.end;
    if (next !== undefined) {
      const { again } = this.parts[i];
      if (again.isAt(cursor.view, start, cursor.end)) {
        end = start + again.length - next.pattern.length;
      } else {
        end = cursor.find(next.pattern, next.literal[0]);
        if (end < 0) return false;
        again.keep(cursor.view, start, end + next.pattern.length);
      }
    }
    this.#low[i] = start;
    this.#high[i] = end;
    cursor.at = end;
    const { code } = this.parts[i];
    if (code === CODE.bdf) return isBusAddress(cursor.bytes, start, end);
    // The last slot matches the rest of the line, but no device has a blank in its name.
    return code !== CODE.device || next !== undefined || !hasBlank(cursor.bytes, start, end);
  }

  /**
   * Sets the columns of an event from the last `match`.
   * @param bytes the matched line
   */
  apply(row: EventRow, bytes: Buffer, ids: WordIds): void {
    const { parts } = this;
    let start = -1;
    for (let i = 0; i < parts.length; i++) {
      const low = this.#low[i];
      const high = this.#high[i];
      switch (parts[i].code) {
        case CODE.device:
        case CODE.bdf:
          row.set(CELL.device, ids.guest.get(bytes, low, high));
          break;
        case CODE.address:
          row.set(CELL.device, ids.device.get(bytes, low, high));
          break;
        case CODE.driver:
          row.set(CELL.driver, ids.driver.get(bytes, low, high));
          break;
        case CODE.text:
          row.textBytes(bytes, low, high);
          break;
        case CODE.region:
          row.set(CELL.region, low);
          break;
        case CODE.offset:
          start = i;
          row.setWords(CELL.offset, low, high);
          break;
        case CODE.length:
          row.setWords(CELL.length, low, high);
          break;
        case CODE.value:
          row.setWords(CELL.value, low, high);
          break;
        case CODE.ret:
          if (low !== MINUS_ONE || high !== MINUS_ONE) row.setWords(CELL.ret, low, high);
          break;
        case CODE.error:
          this.#applyError(row, ids.error.get(bytes, low, high));
          break;
        case CODE.sid:
          if (high === 0 && low <= REQUESTER_MAX) row.set(CELL.device, ids.requester(low));
          break;
        case CODE.last:
          this.#applyRange(row, start, i);
          break;
      }
    }
  }

  #applyError(row: EventRow, errno: number | undefined): void {
    if (errno !== undefined) row.setNumber(CELL.ret, errno);
  }

  /** The length of the range from slot `start` to its last byte in slot `last`, modulo 2^64. */
  #applyRange(row: EventRow, start: number, last: number): void {
    assert(start >= 0, 'a range has an offset before its last byte');
    const low = this.#low[last] - this.#low[start] + 1;
    const borrow = Math.floor(low / 0x1_0000_0000);
    row.setWords(CELL.length, low >>> 0, (this.#high[last] - this.#high[start] + borrow) >>> 0);
  }
}

const BLANK = 0x20;
const COLON = 0x3a;
const DOT = 0x2e;

function hasBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BLANK) return true;
  return false;
}

/** Whether a word is `bb:dd.f`; some writers print the function with two digits. */
function isBusAddress(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return (length === 7 || length === 8) && bytes[start + 2] === COLON && bytes[start + 5] === DOT;
}
