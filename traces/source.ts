import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { fileError, VfrError } from './errors.js';

/** Random access to the bytes of a trace. */
export interface ByteSource {
  /** What to call it in messages. */
  readonly name: string;
  readonly size: number;
  /** The bytes from `offset`, fewer than `length` only at the end. */
  read(offset: number, length: number): Buffer;
  close(): void;
}

export class MemorySource implements ByteSource {
  constructor(
    readonly bytes: Buffer,
    readonly name = 'memory',
  ) {}

  get size(): number {
    return this.bytes.byteLength;
  }

  read(offset: number, length: number): Buffer {
    return this.bytes.subarray(offset, Math.min(offset + length, this.size));
  }

  close(): void {}
}

class FileSource implements ByteSource {
  constructor(
    readonly name: string,
    readonly fd: number,
    readonly size: number,
  ) {}

  read(offset: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const bytes = Buffer.allocUnsafe(wanted);
    let done = 0;
    while (done < wanted) {
      const count = readSync(this.fd, bytes, done, wanted - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** Opens a trace file; `-` is standard input, which is read whole since it cannot be sought in. */
export function openSource(file: string): ByteSource {
  try {
    if (file === '-') return new MemorySource(readFileSync(0), '(standard input)');
    const fd = openSync(file, 'r');
    const stat = fstatSync(fd);
    if (stat.isFile()) return new FileSource(file, fd, stat.size);
    closeSync(fd);
    if (!stat.isDirectory()) return new MemorySource(readFileSync(file), file);
  } catch (error) {
    throw fileError(error, file, 'reading');
  }
  throw new VfrError('unreadable', 'FILE_EISDIR', 'is a directory', 'Name a trace file.', { file });
}

const CRC_CHUNK_BYTES = 1 << 20;

/** CRC-32 of a range of bytes, read in pieces. */
export function bodyCrc(source: ByteSource, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at += CRC_CHUNK_BYTES) {
    crc = crc32(source.read(at, Math.min(CRC_CHUNK_BYTES, end - at)), crc);
  }
  return crc;
}
