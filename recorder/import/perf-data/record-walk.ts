/** Yields perf's records, including those within compressed ones. */
import { type ByteSource, ZstdDecoder } from '../../../traces/index.js';
import { ReadAhead } from '../read-ahead.js';
import { RECORD } from './perf-constants.js';

const HEADER_BYTES = 8;
/** A compressed record holds a part of a buffer; the largest buffers are some hundred megabytes. */
const PLAIN_BYTES_MAX = 1 << 28;

export interface PerfRecord {
  readonly type: number;
  readonly misc: number;
  /** The record with its header; valid until the next one. */
  readonly bytes: Buffer;
  /** Place in the file of what follows the record: data of its own, for some. */
  readonly next: number;
}

/** What a walk over records may jump over: payloads that follow their record. */
export class RecordWalk {
  /** Where and why it stopped early. */
  stopped: { readonly offset: number; readonly why: string } | null = null;
  readonly #ahead: ReadAhead;
  readonly #decoder = new ZstdDecoder();
  /** What the compressed records so far left of a record. */
  #rest = Buffer.alloc(0);
  #at: number;

  constructor(
    source: ByteSource,
    start: number,
    private readonly end: number,
    private readonly littleEndian: boolean,
  ) {
    this.#ahead = new ReadAhead(source);
    this.#at = start;
  }

  *records(): Generator<PerfRecord, undefined> {
    while (this.stopped === null && this.end - this.#at >= HEADER_BYTES) {
      const start = this.#at;
      const size = this.#sizeOf(this.#ahead.read(start, HEADER_BYTES), 0);
      if (size < HEADER_BYTES) return this.#stop(start, `a record of ${size} bytes`);
      if (size > this.end - start) return this.#stop(start, 'the last record is cut');
      this.#at = start + size;
      const record = this.#recordOf(this.#ahead.read(start, size), this.#at);
      this.#at += this.#payload(record);
      if (this.#at > this.end) return this.#stop(start, 'the data of a record are cut');
      if (record.type === RECORD.compressed || record.type === RECORD.compressed2) {
        yield* this.#compressed(record, start);
      } else yield record;
    }
    if (this.stopped !== null) return;
    if (this.#at < this.end) this.#stop(this.#at, 'the last record is cut');
    else if (this.#rest.byteLength > 0) this.#stop(this.#at, 'the last compressed record is cut');
  }

  *#compressed(record: PerfRecord, offset: number): Generator<PerfRecord, undefined> {
    let data = record.bytes.subarray(HEADER_BYTES);
    if (record.type === RECORD.compressed2) {
      if (data.byteLength < 8) return this.#stop(offset, 'a compressed record is cut');
      const size = this.#big(data, 0);
      if (size > BigInt(data.byteLength - 8))
        return this.#stop(offset, 'a compressed record is cut');
      data = data.subarray(8, 8 + Number(size));
    }
    let plain = 0;
    try {
      for (const piece of this.#decoder.push(data)) {
        plain += piece.byteLength;
        if (plain > PLAIN_BYTES_MAX) return this.#stop(offset, `a record of ${plain} bytes`);
        yield* this.#within(piece, offset);
        if (this.stopped !== null) return;
      }
    } catch (error) {
      this.#stop(offset, `a compressed record is damaged: ${(error as Error).message}`);
    }
  }

  /** Records in decompressed bytes; the last one may go on in the next. */
  *#within(piece: Buffer, offset: number): Generator<PerfRecord, undefined> {
    const bytes = Buffer.concat([this.#rest, piece]);
    let at = 0;
    while (bytes.byteLength - at >= HEADER_BYTES) {
      const size = this.#sizeOf(bytes, at);
      if (size < HEADER_BYTES) return this.#stop(offset, `a compressed record of ${size} bytes`);
      if (size > bytes.byteLength - at) break;
      yield this.#recordOf(bytes.subarray(at, at + size), offset);
      at += size;
    }
    this.#rest = bytes.subarray(at);
  }

  /** Bytes that follow a record, in front of the next. */
  #payload({ type, bytes }: PerfRecord): number {
    const read = () => (this.littleEndian ? bytes.readUInt32LE(8) : bytes.readUInt32BE(8));
    if (type === RECORD.tracingData && bytes.byteLength >= 12) return (read() + 7) & ~7;
    if (type === RECORD.auxtrace && bytes.byteLength >= 16) return Number(this.#big(bytes, 8));
    return 0;
  }

  #recordOf(bytes: Buffer, next: number): PerfRecord {
    const { littleEndian } = this;
    const type = littleEndian ? bytes.readUInt32LE(0) : bytes.readUInt32BE(0);
    const misc = littleEndian ? bytes.readUInt16LE(4) : bytes.readUInt16BE(4);
    return { type, misc, bytes, next };
  }

  #sizeOf = (bytes: Buffer, at: number): number =>
    this.littleEndian ? bytes.readUInt16LE(at + 6) : bytes.readUInt16BE(at + 6);

  #big = (bytes: Buffer, at: number): bigint =>
    this.littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at);

  #stop(offset: number, why: string): undefined {
    this.stopped ??= { offset, why };
  }
}
