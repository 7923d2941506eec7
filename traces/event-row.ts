/**
 * One event while it is put together: the columns of fixed size as 32-bit cells, its text and data.
 *
 * A row is made once and filled again and again, so that an event costs no object. A recorder of
 * calls keeps the row of the begin and adds to it for the end, which repeats most of its columns.
 */

import { assert } from './assert.js';
import { VALUE_BYTES_MAX } from './limits.js';
import { TimeWords } from './time-words.js';

/**
 * First cell of each column: one cell for dictionary ids and integers, two for 64-bit integers, low
 * word first. The number is also the column's bit in `EventRow.present`.
 */
export const CELL = {
  kind: 0,
  phase: 1,
  cpu: 2,
  pid: 3,
  tid: 4,
  task: 5,
  device: 6,
  driver: 7,
  path: 8,
  region: 9,
  name: 10,
  ts: 11,
  span: 13,
  offset: 15,
  length: 17,
  value: 19,
  ret: 21,
} as const;
const CELLS = 23;

type Cells = typeof CELL;
/** Cell of a column of 32 bits and less. */
export type IntCell = Cells[Exclude<keyof Cells, 'ts' | WordName>];
type WordName = 'span' | 'offset' | 'length' | 'value' | 'ret';
/** Cell of a column of 64 bits. */
export type WordCell = Cells[WordName];

const TWO_32 = 0x1_0000_0000;
/** Shared by all rows, because most of them have the same second. */
const words = new TimeWords();

/** The end of a text that was longer than a value may be. */
const CUT = ' (cut short)';

export class EventRow {
  readonly cells = new Int32Array(CELLS);
  /** Bit `CELL[column]` is 1 when the column is not null. Kind, phase and ts are never null. */
  present = 0;
  /** Text of the event: a string, or the UTF-8 bytes `[textStart, textEnd)`; null when absent. */
  textValue: string | Buffer | null = null;
  textStart = 0;
  textEnd = 0;
  /** Data of the event, at most `VALUE_BYTES_MAX` bytes; null for no data. */
  dataValue: Uint8Array | null = null;

  /** @param source dictionary id of what records the events of this row: `EventAppender.row` */
  constructor(public source: number) {}

  /** Makes every column null that can be null; the time stays. */
  clear(): void {
    this.present = 0;
    this.clearValues();
  }

  /** Begins another event: all columns are null but its kind and phase, given as dictionary ids. */
  start(kind: number, phase: number): void {
    this.clear();
    this.set(CELL.kind, kind);
    this.set(CELL.phase, phase);
  }

  /** Drops text and data. `append` does so: an end does not repeat those of its begin. */
  clearValues(): void {
    this.textValue = null;
    this.dataValue = null;
  }

  /** Sets the text; one that is longer than a value may be is cut, and ends with a note of it. */
  text(text: string): void {
    const fits = text.length * 3 <= VALUE_BYTES_MAX || Buffer.byteLength(text) <= VALUE_BYTES_MAX;
    const rest = Math.floor((VALUE_BYTES_MAX - CUT.length) / 3);
    this.textValue = fits ? text : text.slice(0, rest) + CUT;
  }

  /** Sets the text from the UTF-8 bytes `bytes[start..end)`; they stay as they are until append. */
  textBytes(bytes: Buffer, start: number, end: number): void {
    this.textValue = bytes;
    this.textStart = start;
    this.textEnd = end;
  }

  /** Sets the data. @param bytes at most `VALUE_BYTES_MAX`; they stay as they are until append */
  data(bytes: Uint8Array): void {
    assert(bytes.byteLength <= VALUE_BYTES_MAX, 'a value is within its limit');
    this.dataValue = bytes;
  }

  /** Copies all columns but time, span, text and data, which are each event's own. */
  copy({ cells, present }: EventRow): void {
    for (let cell = 0; cell < CELL.ts; cell++) this.cells[cell] = cells[cell];
    for (let cell: number = CELL.offset; cell < CELLS; cell++) this.cells[cell] = cells[cell];
    this.present = present & ~(1 << CELL.span);
  }

  has(cell: IntCell | WordCell): boolean {
    return ((this.present >>> cell) & 1) === 1;
  }

  unset(cell: IntCell | WordCell): void {
    this.present &= ~(1 << cell);
  }

  /** Sets a dictionary id, or an integer of up to 32 bits, signed or not. */
  set(cell: IntCell, value: number): void {
    this.cells[cell] = value;
    this.present |= 1 << cell;
  }

  /** Sets a 64-bit column from its low and high word, signed or not. */
  setWords(cell: WordCell, low: number, high: number): void {
    this.cells[cell] = low;
    this.cells[cell + 1] = high;
    this.present |= 1 << cell;
  }

  /** Sets a 64-bit column from an integer of at most 53 bits, in two's complement. */
  setNumber(cell: WordCell, value: number): void {
    // Nearly all integers are small; their high word is known without a division.
    const small = value >= 0 && value < TWO_32;
    this.setWords(cell, value, small ? 0 : Math.floor(value / TWO_32));
  }

  /** Time in nanoseconds as the low and high 32 bits. */
  timeWords(low: number, high: number): void {
    this.cells[CELL.ts] = low;
    this.cells[CELL.ts + 1] = high;
  }

  /**
   * Time as seconds and nanoseconds, with the ranges of `TimeWords`; exact for every 64-bit time.
   */
  time(seconds: number, nanoseconds: number): void {
    words.set(seconds, nanoseconds);
    this.timeWords(words.low, words.high);
  }
}
