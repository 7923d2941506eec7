/**
 * The records of a simpletrace file. They have no checksum and no start mark, and a damaged one
 * states a wrong length. So a record counts only if another one, or the end of the file, follows
 * directly. After damage, reading continues where records follow one another again.
 */
import type { ByteStream } from '../byte-stream.js';

export const DROPPED_ID = 0xffff_ffff_ffff_fffen;
/** Id, time, length of the whole record, pid. */
export const RECORD_HEADER_BYTES = 24;
/** QEMU's own buffer holds no larger record than this. */
const RECORD_BYTES_MAX = 1 << 18;
const NAME_BYTES_MAX = 512;
/** QEMU numbers its events from 0 on. */
const ID_MAX = 1n << 32n;
/** Largest id in files without names: nothing else distinguishes a record from other bytes. */
const UNTYPED_ID_MAX = 1n << 16n;
/** PID_MAX_LIMIT (kernel include/linux/threads.h, 6.12). */
const PID_MAX = 1 << 22;
const TYPE_BYTES = 8;
const TYPE_MAPPING = 0n;
const TYPE_EVENT = 1n;
const MAPPING_HEADER_BYTES = 20;
/** This many zeros are not arguments of an event: the file was extended there and never written. */
const ZEROS_MIN = 64;
/** The next record is searched for within this many bytes after damage. */
const SEARCH_BYTES_MAX = 1 << 26;
const NAME = /^[A-Za-z0-9_]+$/;

export type SimpletraceItem =
  | { readonly type: 'event'; readonly bytes: Buffer }
  | { readonly type: 'mapping'; readonly id: bigint; readonly bytes: Buffer }
  | Damage;

/** A place where there should have been a record. */
interface Damage {
  readonly type: 'damage';
  readonly offset: number;
  readonly why: string;
  /** Whether nothing readable follows. */
  readonly isEnd: boolean;
  /** Whether the file only ends in the middle of its last record. */
  readonly isCut: boolean;
}

/** What is at an offset: a record of so many bytes, the beginning of one, or neither. */
type Found = { readonly bytes: number } | { readonly why: string; readonly isCut: boolean };

const CUT: Found = { why: 'a record is cut short', isCut: true };
const damaged = (why: string): Found => ({ why, isCut: false });

export class SimpletraceRecords {
  #isOver = false;

  /** @param isTyped whether records begin with their type (version 4) */
  constructor(
    private readonly stream: ByteStream,
    private readonly isTyped: boolean,
  ) {}

  /** The next record or damaged place; null at the end. Its bytes are valid until the next call. */
  next(): SimpletraceItem | null {
    const { stream } = this;
    if (this.#isOver || !stream.need(1)) return null;
    const found = this.#found(0);
    if ('why' in found) return this.#damage(found.why, found.isCut);
    if (!this.#isFollowed(found.bytes)) {
      return this.#damage('no record follows this one, which may be cut or mixed', false);
    }
    const start = stream.at;
    stream.at += found.bytes;
    return this.#item(start, stream.at);
  }

  #item(start: number, end: number): SimpletraceItem {
    const { bytes } = this.stream;
    if (!this.isTyped) return { type: 'event', bytes: bytes.subarray(start, end) };
    if (bytes.readBigUInt64LE(start) === TYPE_EVENT) {
      return { type: 'event', bytes: bytes.subarray(start + TYPE_BYTES, end) };
    }
    const id = bytes.readBigUInt64LE(start + TYPE_BYTES);
    return { type: 'mapping', id, bytes: bytes.subarray(start + MAPPING_HEADER_BYTES, end) };
  }

  /** Continues after damage, where records follow one another again. */
  #damage(why: string, wasCut: boolean): Damage {
    const { stream } = this;
    const { offset } = stream;
    for (let skipped = 0; skipped < SEARCH_BYTES_MAX && stream.need(2); skipped++) {
      stream.at++;
      if (this.#isCertain()) return { type: 'damage', offset, why, isEnd: false, isCut: false };
    }
    this.#isOver = true;
    return { type: 'damage', offset, why, isEnd: true, isCut: wasCut };
  }

  /** Whether two whole records follow, or one that ends the file. */
  #isCertain(): boolean {
    const first = this.#found(0);
    if ('why' in first) return false;
    if (this.#isEndAt(first.bytes)) return true;
    const second = this.#found(first.bytes);
    return 'bytes' in second;
  }

  /** Whether a record, the rest of one, the end of the file or zeros are at `ahead`. */
  #isFollowed(ahead: number): boolean {
    if (this.#isEndAt(ahead)) return true;
    const found = this.#head(ahead);
    return 'bytes' in found || found.isCut || this.#isZeroAt(ahead);
  }

  #isEndAt = (ahead: number): boolean => !this.stream.need(ahead + 1);

  #isZeroAt(ahead: number): boolean {
    if (!this.stream.need(ahead + ZEROS_MIN)) return false;
    const start = this.stream.at + ahead;
    return this.stream.bytes.subarray(start, start + ZEROS_MIN).every((byte) => byte === 0);
  }

  /** The record at `ahead`, whose last byte is there. */
  #found(ahead: number): Found {
    const head = this.#head(ahead);
    if ('why' in head) return head;
    if (!this.stream.need(ahead + head.bytes)) return CUT;
    return this.#isName(ahead, head.bytes)
      ? head
      : damaged('the name of an event is not a valid name');
  }

  /** What the beginning of a record at `ahead` says. */
  #head(ahead: number): Found {
    if (!this.isTyped) return this.#event(ahead, 0);
    if (!this.stream.need(ahead + TYPE_BYTES)) return CUT;
    const type = this.stream.bytes.readBigUInt64LE(this.stream.at + ahead);
    if (type === TYPE_MAPPING) return this.#mapping(ahead);
    if (type === TYPE_EVENT) return this.#event(ahead, TYPE_BYTES);
    return damaged(`a record is of unknown type ${type}`);
  }

  #mapping(ahead: number): Found {
    const { stream } = this;
    if (!stream.need(ahead + MAPPING_HEADER_BYTES)) return CUT;
    const length = stream.bytes.readUInt32LE(stream.at + ahead + MAPPING_HEADER_BYTES - 4);
    if (length === 0) return damaged('there are zeros where a record should be');
    if (length > NAME_BYTES_MAX) return damaged('the name of an event is too long to be one');
    const id = stream.bytes.readBigUInt64LE(stream.at + ahead + TYPE_BYTES);
    if (id >= ID_MAX) return damaged(`an event has the number ${id}`);
    return { bytes: MAPPING_HEADER_BYTES + length };
  }

  #event(ahead: number, before: number): Found {
    const { stream } = this;
    if (!stream.need(ahead + before + RECORD_HEADER_BYTES)) return CUT;
    const at = stream.at + ahead + before;
    const length = stream.bytes.readUInt32LE(at + 16);
    if (length === 0) return damaged('there are zeros where a record should be');
    if (length < RECORD_HEADER_BYTES || length > RECORD_BYTES_MAX) {
      return damaged(`a record says it has ${length} bytes`);
    }
    const id = stream.bytes.readBigUInt64LE(at);
    if (id >= (before === 0 ? UNTYPED_ID_MAX : ID_MAX) && id !== DROPPED_ID) {
      return damaged(`an event has the number ${id}`);
    }
    if (stream.bytes.readUInt32LE(at + 20) > PID_MAX) return damaged('a record has no process');
    return { bytes: before + length };
  }

  /** Whether the content of a mapping is a name; true if it is not a mapping. */
  #isName(ahead: number, bytes: number): boolean {
    const at = this.stream.at + ahead;
    const buffer = this.stream.bytes;
    if (!this.isTyped || buffer.readBigUInt64LE(at) !== TYPE_MAPPING) return true;
    return NAME.test(buffer.toString('latin1', at + MAPPING_HEADER_BYTES, at + bytes));
  }
}
