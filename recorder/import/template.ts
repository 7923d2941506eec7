/**
 * Lines of fixed form, described by a template such as `({device}, @{offset}, len={length}) {value}`
 * that is compiled once and matched against bytes.
 *
 * Slots: `device`, `driver` and `text` take a word up to the literal that follows and go to their
 * column; `bdf` is a device that its writer keeps as three numbers. `region`, `offset`, `length`,
 * `value` and `ret` take a number (decimal, or hexadecimal with 0x) and go to their column; `last`
 * is the last byte of a range and gives its length. `$` and `#` are a word and a number that have no
 * column.
 */
import { assert, type EventAppender } from '../../traces/index.js';
import type { Cursor } from './cursor.js';
import type { Interner } from './interner.js';

const WORD_SLOTS = ['device', 'driver', 'text', 'bdf', '$'] as const;
const NUMBER_SLOTS = ['region', 'offset', 'length', 'value', 'ret', 'last', '#'] as const;
type WordSlot = (typeof WORD_SLOTS)[number];
type NumberSlot = (typeof NUMBER_SLOTS)[number];

/** A literal, then a slot; the last part of a template may lack the slot. */
interface Part {
  readonly literal: Buffer;
  readonly slot: WordSlot | NumberSlot | null;
  readonly isWord: boolean;
}

const isWordSlot = (slot: string): slot is WordSlot =>
  (WORD_SLOTS as readonly string[]).includes(slot);
const isNumberSlot = (slot: string): slot is NumberSlot =>
  (NUMBER_SLOTS as readonly string[]).includes(slot);

/** Where the dictionaries' ids of words come from, shared by all templates of an importer. */
export interface WordIds {
  readonly device: Interner<number>;
  readonly driver: Interner<number>;
}

export class Template {
  readonly parts: readonly Part[];
  /** Whether every slot has a column, so that the text of the line adds nothing. */
  readonly isComplete: boolean;
  /** Per part: the words of a number, or the start and end of a word. */
  readonly low: number[];
  readonly high: number[];

  constructor(source: string) {
    const parts: Part[] = [];
    const pieces = source.split(/\{([^}]+)\}/);
    for (let i = 0; i < pieces.length; i += 2) {
      const slot = pieces[i + 1] ?? null;
      assert(slot === null || isWordSlot(slot) || isNumberSlot(slot), `slot ${slot} is known`);
      const isWord = slot !== null && isWordSlot(slot);
      if (slot === null && pieces[i] === '') continue;
      parts.push({ literal: Buffer.from(pieces[i]), slot, isWord });
    }
    this.parts = parts;
    this.isComplete = parts.every(({ slot }) => slot !== '$' && slot !== '#');
    this.low = parts.map(() => 0);
    this.high = parts.map(() => 0);
  }

  /** Whether the rest of the line has this form, to its end; keeps what the slots took. */
  match(cursor: Cursor): boolean {
    const { parts } = this;
    for (let i = 0; i < parts.length; i++) {
      const { literal, slot, isWord } = parts[i];
      if (literal.length > 0 && !cursor.literal(literal)) return false;
      if (slot === null) break;
      if (isWord) {
        const start = cursor.at;
        const next = i + 1 < parts.length ? cursor.find(parts[i + 1].literal) : cursor.end;
        if (next < 0) return false;
        this.low[i] = start;
        this.high[i] = next;
        cursor.at = next;
      } else {
        if (!cursor.number()) return false;
        this.low[i] = cursor.low;
        this.high[i] = cursor.high;
      }
    }
    return cursor.at === cursor.end;
  }

  /** Sets the columns of the open event from what `match` kept. @param bytes the matched line */
  apply(events: EventAppender, bytes: Buffer, ids: WordIds): void {
    let start = -1;
    for (let i = 0; i < this.parts.length; i++) {
      const { slot } = this.parts[i];
      const low = this.low[i];
      const high = this.high[i];
      switch (slot) {
        case 'device':
        case 'bdf':
          events.dict('device', ids.device.get(bytes, low, high));
          break;
        case 'driver':
          events.dict('driver', ids.driver.get(bytes, low, high));
          break;
        case 'text':
          events.text(bytes.toString('utf8', low, high));
          break;
        case 'region':
          events.int('region', low | 0);
          break;
        case 'offset':
          start = i;
          events.words('offset', low, high);
          break;
        case 'length':
        case 'value':
        case 'ret':
          events.words(slot, low, high);
          break;
        case 'last':
          this.#applyRange(events, start, i);
          break;
      }
    }
  }

  /** The length of the range from slot `start` to its last byte in slot `last`, modulo 2^64. */
  #applyRange(events: EventAppender, start: number, last: number): void {
    assert(start >= 0, 'a range has an offset before its last byte');
    const low = this.low[last] - this.low[start] + 1;
    const borrow = Math.floor(low / 0x1_0000_0000);
    events.words('length', low >>> 0, (this.high[last] - this.high[start] + borrow) >>> 0);
  }
}
