import { type ByteSource, type ErrorLocation, VfrError } from '../../../traces/index.js';

/** What a string in a trace.dat may be long: names, clocks, versions. */
const STRING_BYTES_MAX = 4096;

const damaged = (what: string, place: ErrorLocation): VfrError =>
  new VfrError('TRACEDAT_DAMAGED', what, 'Record again, or fetch the file again.', place);

/** Reads numbers and strings in sequence, in the byte order of the file. */
export class ByteReader {
  at = 0;

  constructor(
    readonly source: ByteSource,
    readonly littleEndian: boolean,
  ) {}

  u16(): number {
    const bytes = this.bytes(2);
    return this.littleEndian ? bytes.readUInt16LE(0) : bytes.readUInt16BE(0);
  }

  u32(): number {
    const bytes = this.bytes(4);
    return this.littleEndian ? bytes.readUInt32LE(0) : bytes.readUInt32BE(0);
  }

  /** A 64-bit size or offset. @throws VfrError when it is larger than any file */
  u64(): number {
    const bytes = this.bytes(8);
    const value = this.littleEndian ? bytes.readBigUInt64LE(0) : bytes.readBigUInt64BE(0);
    if (value > Number.MAX_SAFE_INTEGER) throw this.fail(`a size or offset of ${value} bytes`);
    return Number(value);
  }

  /** @throws VfrError when the source ends before */
  bytes(length: number): Buffer {
    if (length > this.source.size - this.at) throw this.fail(`the file ends ${length} bytes early`);
    const bytes = this.source.read(this.at, length);
    if (bytes.byteLength !== length) throw this.fail('the file ends early');
    this.at += length;
    return bytes;
  }

  /** A string up to its NUL. */
  string(): string {
    const bytes = this.source.read(this.at, STRING_BYTES_MAX);
    const end = bytes.indexOf(0);
    if (end < 0) throw this.fail('a string has no end');
    this.at += end + 1;
    return bytes.toString('utf8', 0, end);
  }

  /**
   * Skips a fixed text.
   * @throws VfrError when something else is there
   */
  expect(text: string): void {
    const start = this.at;
    const found = this.bytes(Buffer.byteLength(text)).toString('latin1');
    if (found !== text) {
      this.at = start;
      throw this.fail(`${JSON.stringify(text)} is not where it must be`);
    }
  }

  fail(what: string): VfrError {
    return damaged(what, { file: this.source.name, offset: this.at });
  }
}
