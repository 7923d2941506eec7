import { type ByteSource, highWord, lowWord } from '../../../traces/index.js';
import { NOT_SET } from '../../mapping/trace-record.js';
import { PageCursor, type PageFormat } from '../../ring-buffer/index.js';
import { ReadAhead } from '../read-ahead.js';
import type { Correction } from './clock-correction.js';
import { type Compression, decompress, PLAIN_BYTES_MAX } from './compression.js';
import type { CpuData } from './trace-file.js';

const TWO_32 = 2 ** 32;
/** Bytes to read at a time from uncompressed data. */
const READ_BYTES = 1 << 18;
const CHUNK_HEADER_BYTES = 8;
const COUNT_BYTES = 4;

/** The records of one CPU in their order. One chunk of pages is in memory at a time. */
/** Records were lost, and the kernel does not say how many. */
export const UNKNOWN = -1;

export class CpuStream {
  readonly cursor: PageCursor;
  /** Whether the cursor is on a record. */
  ready = false;
  /** Time of the record, low word first. */
  timeLow = NOT_SET;
  timeHigh = NOT_SET;
  /** Events lost before the record under the cursor: a number, or -1 when it is not known. */
  missed = 0;
  /** Events that page headers report as lost. */
  lost = 0;
  /** Where and why reading stopped early. */
  stopped: { readonly offset: number; readonly why: string } | null = null;
  readonly #end: number;
  #at: number;
  #chunks = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #page = 0;
  readonly #ahead: ReadAhead;
  /** Memory for the chunk under the cursor, used again for the next. */
  #memory = new Uint8Array(0);

  constructor(
    private readonly source: ByteSource,
    readonly data: CpuData,
    private readonly compression: Compression,
    private readonly format: PageFormat,
    private readonly correction: Correction | null = null,
  ) {
    this.cursor = new PageCursor(format);
    this.#ahead = new ReadAhead(source);
    this.#at = data.offset;
    // The size of compressed data does not count the number of chunks in front of them.
    const end = data.offset + data.size + (compression === 'none' ? 0 : COUNT_BYTES);
    this.#end = Math.min(end, source.size);
    if (end > source.size) this.#stop(source.size, 'the file ends');
    if (compression !== 'none') this.#chunks = this.#readCount();
    this.advance();
  }

  get cpu(): number {
    return this.data.cpu;
  }

  /** Time of the current record after `originHigh * 2^32`, exact for 104 days of nanoseconds. */
  time(originHigh: number): number {
    return (this.timeHigh - originHigh) * TWO_32 + this.timeLow;
  }

  /** Moves to the next record; `ready` is false when there is none. */
  advance(): void {
    while (!this.cursor.next()) {
      if (this.cursor.damage !== undefined) this.#stop(this.#at, this.cursor.damage);
      if (!this.#nextPage()) {
        this.ready = false;
        return;
      }
    }
    this.ready = true;
    this.timeLow = this.cursor.timeLow;
    this.timeHigh = this.cursor.timeHigh;
    if (this.correction !== null) this.#correct(this.correction);
  }

  #correct(correction: Correction): void {
    const time = correction(this.cursor.time);
    this.timeLow = lowWord(time);
    this.timeHigh = highWord(time);
  }

  #nextPage(): boolean {
    this.#page += this.format.pageSize;
    if (this.#page + this.format.dataOffset > this.#view.byteLength) {
      if (!this.#nextChunk()) return false;
      this.#page = 0;
    }
    this.cursor.load(this.#view, this.#page);
    const { missed } = this.cursor;
    if (missed === 'unknown') this.missed = this.missed === 0 ? UNKNOWN : this.missed;
    else this.missed = Math.max(0, this.missed) + missed;
    return true;
  }

  #nextChunk(): boolean {
    const plain = this.compression === 'none' ? this.#readPlain() : this.#readCompressed();
    if (plain === null || plain.byteLength < this.format.dataOffset) return false;
    this.#view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
    return true;
  }

  #readPlain(): Uint8Array | null {
    const { pageSize } = this.format;
    const length = Math.max(pageSize, Math.floor(READ_BYTES / pageSize) * pageSize);
    if (this.#at >= this.#end) return null;
    const bytes = this.source.read(this.#at, Math.min(length, this.#end - this.#at));
    this.#at += bytes.byteLength;
    return bytes.byteLength === 0 ? null : bytes;
  }

  #readCompressed(): Uint8Array | null {
    if (this.#chunks === 0) return null;
    this.#chunks--;
    if (this.#at + CHUNK_HEADER_BYTES > this.#end)
      return this.#stop(this.#at, 'a chunk is missing');
    const header = this.#ahead.read(this.#at, CHUNK_HEADER_BYTES);
    const [size, plainSize] = [this.#u32(header, 0), this.#u32(header, 4)];
    const start = this.#at + CHUNK_HEADER_BYTES;
    if (plainSize > PLAIN_BYTES_MAX) return this.#stop(this.#at, `a chunk of ${plainSize} bytes`);
    if (size > this.#end - start) return this.#stop(this.#at, 'a chunk is cut');
    this.#at = start + size;
    if (plainSize > this.#memory.byteLength) this.#memory = new Uint8Array(plainSize);
    try {
      const data = this.#ahead.read(start, size);
      return decompress(this.compression, data, plainSize, this.#memory);
    } catch (error) {
      return this.#stop(start, `a chunk cannot be decompressed: ${(error as Error).message}`);
    }
  }

  #readCount(): number {
    const bytes = this.#ahead.read(this.#at, COUNT_BYTES);
    this.#at += COUNT_BYTES;
    return bytes.byteLength < COUNT_BYTES ? 0 : this.#u32(bytes, 0);
  }

  #u32(bytes: Buffer, at: number): number {
    return this.format.littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }

  #stop(offset: number, why: string): null {
    this.stopped ??= { offset, why: `CPU ${this.data.cpu}: ${why}` };
    return null;
  }
}
