import type { Missed, PageCursor } from '../ring-buffer/index.js';
import { PageCursor as Cursor, type PageFormat } from '../ring-buffer/index.js';

const TWO_32 = 2 ** 32;

/** Source of one CPU's pages: fills `into` with one page, or returns false when there is none. */
export type PageSource = (into: Buffer) => boolean;

/**
 * The pages of one CPU that were read and not yet merged: a ring of page slots, allocated once, and
 * a cursor on the oldest record.
 */
export class PageQueue {
  readonly cursor: PageCursor;
  /** Whether the source had nothing more at the last `fill`. */
  drained = false;
  /** Whether the cursor is on a record. */
  ready = false;
  /** Events that the kernel dropped before the record under the cursor; the consumer resets it. */
  missed: Missed = 0;
  /** Events that page headers report as lost. */
  lost = 0;
  /** Pages that contradicted themselves. */
  damaged = 0;
  records = 0;
  readonly #format: PageFormat;
  readonly #slots: Buffer;
  readonly #view: DataView;
  readonly #capacity: number;
  #first = 0;
  #count = 0;
  #loaded = false;

  constructor(
    readonly cpu: number,
    private readonly source: PageSource,
    format: PageFormat,
    capacity: number,
    /** Called with every page before it is decoded; the bytes are reused afterwards. */
    private readonly onPage: (page: Buffer) => void = () => undefined,
  ) {
    this.#format = format;
    this.#capacity = capacity;
    this.#slots = Buffer.alloc(capacity * format.pageSize);
    this.#view = new DataView(this.#slots.buffer, this.#slots.byteOffset, this.#slots.length);
    this.cursor = new Cursor(format);
  }

  /**
   * Reads pages until the source has no more or all slots are used; the kernel then holds the rest.
   */
  fill(): void {
    const { pageSize } = this.#format;
    this.drained = false;
    while (this.#count < this.#capacity) {
      const slot = ((this.#first + this.#count) % this.#capacity) * pageSize;
      const page = this.#slots.subarray(slot, slot + pageSize);
      if (!this.source(page)) {
        this.drained = true;
        break;
      }
      this.onPage(page);
      this.#count++;
    }
    if (!this.ready) this.advance();
  }

  /** Moves to the next record; `ready` is false when there is none in the slots. */
  advance(): void {
    for (;;) {
      if (this.#loaded) {
        if (this.cursor.next()) {
          this.records++;
          this.ready = true;
          return;
        }
        if (this.cursor.damage !== undefined) this.damaged++;
        this.#loaded = false;
        this.#first = (this.#first + 1) % this.#capacity;
        this.#count--;
      }
      if (this.#count === 0) {
        this.ready = false;
        return;
      }
      this.cursor.load(this.#view, this.#first * this.#format.pageSize);
      this.missed = add(this.missed, this.cursor.missed);
      this.#loaded = true;
    }
  }

  /** Time of the current record in nanoseconds after `originHigh * 2^32`, exact for 104 days. */
  time(originHigh: number): number {
    return (this.cursor.timeHigh - originHigh) * TWO_32 + this.cursor.timeLow;
  }

  /**
   * A time before which no record can come any more, while slots were too few to read everything:
   * that of the last page read. Clocks may go backwards; the record under the cursor always passes.
   */
  latestKnown(originHigh: number): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY;
    const slot = ((this.#first + this.#count - 1) % this.#capacity) * this.#format.pageSize;
    const { littleEndian } = this.#format;
    const [low, high] = littleEndian ? [slot, slot + 4] : [slot + 4, slot];
    const above = this.#view.getUint32(high, littleEndian) - originHigh;
    const last = above * TWO_32 + this.#view.getUint32(low, littleEndian);
    return this.ready ? Math.max(last, this.time(originHigh)) : last;
  }
}

function add(one: Missed, other: Missed): Missed {
  return one === 'unknown' || other === 'unknown' ? 'unknown' : one + other;
}
