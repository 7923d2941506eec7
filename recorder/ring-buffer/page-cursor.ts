import { assert, fromWords, highWord, lowWord } from '../../traces/index.js';
import { NOT_SET } from '../mapping/trace-record.js';
import type { PageFormat } from './page-format.js';

/** Values of the 5-bit record type from which on it is not a length (`events/header_event`). */
const PADDING = 29; // 30 extends the time of the next record
const TIME_STAMP = 31;

/** Flags in the commit word of a page passed to user space (ring_buffer.c, RB_MISSED_*). */
const MISSED_EVENTS = 2 ** 31;
const MISSED_STORED = 2 ** 30;
const COMMIT_MASK = 2 ** 27 - 1;
/** A larger number of lost events is impossible: the page is damaged. */
const MISSED_MAX = 1e15;

const LOW = 2 ** 32;
const DELTA_SHIFT = 2 ** 27;

/** Absolute time stamps have 59 bits; the five above come from the time before (rb_fix_abs_ts). */
const ABSOLUTE_BITS = 59n;
const ABSOLUTE_MASK = (1n << ABSOLUTE_BITS) - 1n;

/**
 * How many events the kernel dropped before the first one of a page. `'unknown'` when it only says
 * that there were some.
 */
export type Missed = number | 'unknown';

/**
 * Iterates over the records of ring-buffer pages without making an object per record.
 *
 * After `load`, each `next()` that returns true has put the record's payload at `offset` .. `offset
 * + length` of `view` and its time into `timeHigh * 2^32 + timeLow` nanoseconds (or the unit of the
 * trace's clock). Nothing outside the page is ever read: an inconsistent page ends early with
 * `damage` set.
 */
export class PageCursor {
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  timeHigh = NOT_SET;
  timeLow = NOT_SET;
  missed: Missed = 0;
  /** What is wrong with the page, if anything. */
  damage: string | undefined;
  /** Bytes of records in the page, as the kernel committed them. */
  committed = 0;
  #next = 0;
  #end = 0;

  constructor(readonly format: PageFormat) {}

  /** The time of the current record. */
  get time(): bigint {
    return fromWords(this.timeLow, this.timeHigh);
  }

  /** Id of the event in the current record: the first field of every payload, `common_type`. */
  get eventId(): number {
    return this.length < 2 ? 0 : this.view.getUint16(this.offset, this.format.littleEndian);
  }

  /** Starts on the page at `start` of `view`, which must hold at least its header. */
  load(view: DataView, start: number): void {
    const { format } = this;
    const room = Math.min(format.pageSize, view.byteLength - start) - format.dataOffset;
    assert(start >= 0 && room >= 0, 'a page must be there with its header');
    const commitAt = start + format.commitOffset;
    // The flags and the length are in the low 32 bits of the long.
    const low = format.littleEndian || format.commitSize === 4 ? commitAt : commitAt + 4;
    const commit = view.getUint32(low, format.littleEndian);
    const length = commit & COMMIT_MASK;
    this.view = view;
    this.damage = length > room ? `a page claims ${length} bytes of ${room}` : undefined;
    this.committed = Math.min(length, room);
    this.#next = start + format.dataOffset;
    this.#end = this.#next + this.committed;
    this.missed = this.#missed(commit, room);
    const [lowAt, highAt] = format.littleEndian ? [start, start + 4] : [start + 4, start];
    this.timeLow = view.getUint32(lowAt, format.littleEndian);
    this.timeHigh = view.getUint32(highAt, format.littleEndian);
  }

  /** The kernel stores the number of lost events after the records if there is room for it. */
  #missed(commit: number, room: number): Missed {
    if (commit < MISSED_EVENTS) return 0;
    const { commitSize, littleEndian } = this.format;
    const stored = (commit & MISSED_STORED) !== 0 && this.committed + commitSize <= room;
    if (!stored) return 'unknown';
    if (commitSize === 4) return this.view.getUint32(this.#end, littleEndian);
    const missed = Number(this.view.getBigUint64(this.#end, littleEndian));
    return missed <= MISSED_MAX ? missed : 'unknown';
  }

  /** Moves to the next record with a payload; false at the end of the page. */
  next(): boolean {
    const { view } = this;
    const { littleEndian } = this.format;
    while (this.#next + 4 <= this.#end) {
      const at = this.#next;
      const header = view.getUint32(at, littleEndian);
      const type = littleEndian ? header & 0x1f : header >>> 27;
      const delta = littleEndian ? header >>> 5 : header & 0x7ffffff;
      if (type > 0 && type < PADDING) {
        return this.#payload(at + 4, type * 4, delta, at + 4 + type * 4);
      }
      if (type === PADDING && delta === 0) break;
      if (at + 8 > this.#end) return this.#stop('a record is cut');
      const word = view.getUint32(at + 4, littleEndian);
      if (type === 0) {
        // The length counts itself, and the next record starts on a multiple of four.
        return this.#payload(at + 8, word - 4, delta, at + 4 + ((word + 3) & ~3));
      }
      if (type === PADDING) {
        if (word < 4 || word > this.#end - at)
          return this.#stop('a discarded record has no length');
        // A discarded record has a duration unless its delta was only set to mark it
        // (check_buffer).
        if (delta !== 1) this.#advance(delta);
        this.#next = at + 4 + ((word + 3) & ~3);
      } else {
        this.#next = at + 8;
        if (type === TIME_STAMP) this.#setTime((BigInt(word) << 27n) | BigInt(delta));
        else this.#advance(word * DELTA_SHIFT + delta);
      }
    }
    this.#next = this.#end;
    return false;
  }

  #payload(offset: number, length: number, delta: number, next: number): boolean {
    if (length < 0 || offset + length > this.#end || next <= offset - 4) {
      return this.#stop('a record is longer than its page');
    }
    this.offset = offset;
    this.length = length;
    this.#advance(delta);
    this.#next = next;
    return true;
  }

  #stop(damage: string): false {
    this.damage ??= damage;
    this.#next = this.#end;
    return false;
  }

  #advance(delta: number): void {
    const low = this.timeLow + delta;
    if (low < LOW) {
      this.timeLow = low;
    } else {
      this.timeHigh += Math.floor(low / LOW);
      this.timeLow = low % LOW;
    }
  }

  #setTime(absolute: bigint): void {
    const before = this.time;
    let time = absolute;
    if (before >> ABSOLUTE_BITS !== 0n) {
      time |= before & ~ABSOLUTE_MASK;
      if (time < before) time += 1n << ABSOLUTE_BITS;
    }
    this.timeHigh = highWord(time);
    this.timeLow = lowWord(time);
  }
}
