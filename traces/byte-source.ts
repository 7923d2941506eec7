import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { fileError, VfrError } from './errors.js';

/** A part of a file that cannot be read, and the reason. */
export interface Unreadable {
  readonly offset: number;
  readonly end: number;
  readonly error: VfrError;
}

/** Random access to the bytes of a trace. */
export interface ByteSource {
  /** What to call it in messages. */
  readonly name: string;
  readonly size: number;
  /** Parts that read as zeros because the disk failed to read them, found so far. */
  readonly unreadable?: readonly Unreadable[];
  /** The open file, if another process can read it too. */
  readonly fd?: number | undefined;
  /**
   * The bytes from `offset`, fewer than `length` only at the end.
   * @param into memory to use if it is large enough
   * @throws VfrError when the system fails to read them
   */
  read(offset: number, length: number, into?: Buffer): Buffer;
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

export class FileSource implements ByteSource {
  /** @param fd the open file; `close` closes it */
  constructor(
    readonly name: string,
    readonly fd: number,
    readonly size: number,
  ) {}

  read(offset: number, length: number, into?: Buffer): Buffer {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const bytes = into !== undefined && into.length >= wanted ? into : Buffer.allocUnsafe(wanted);
    let done = 0;
    while (done < wanted) {
      const count = this.#readSome(bytes, done, wanted, offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  #readSome(into: Buffer, from: number, to: number, position: number): number {
    for (;;) {
      try {
        return readSync(this.fd, into, from, to - from, position);
      } catch (error) {
        if (isInterrupted(error)) continue;
        throw fileError(error, this.name, 'reading');
      }
    }
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** A signal interrupted the call before any byte was read. That is not a failure. */
const isInterrupted = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EINTR';

/**
 * The same open file with what was written to it since; null when nothing was, or it is no file.
 * @param name that the file has now
 */
export function grown({ fd, size }: ByteSource, name: string): ByteSource | null {
  if (fd === undefined) return null;
  const now = fstatSync(fd).size;
  return now === size ? null : new FileSource(name, fd, now);
}

/**
 * Opens a trace file; `-` is standard input. A pipe cannot be sought in, and is read into memory.
 *
 * @param piped called with the number of bytes of a pipe read so far
 * @throws VfrError when it cannot be read, or is a pipe with more data than may be held in memory
 */
export function openSource(file: string, piped: Piped = () => {}): ByteSource {
  try {
    if (file === '-') return new MemorySource(readPipe(STDIN, piped), '(standard input)');
    const fd = openSync(file, 'r');
    const stat = fstatSync(fd);
    if (stat.isFile()) return new FileSource(file, fd, stat.size);
    try {
      return new MemorySource(readPipe(fd, piped), file);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof VfrError) throw error;
    throw fileError(error, file, 'reading');
  }
}

type Piped = (bytes: number) => void;

const STDIN = 0;
const PIPE_BYTES_MAX = 2 ** 30;
const PIPE_CHUNK_BYTES = 1 << 20;
const RETRY_MS = 2;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Reads a pipe to its end. Each chunk is filled, since one read may return only a few bytes. */
function readPipe(fd: number, piped: Piped): Buffer {
  const chunks: Buffer[] = [];
  for (let size = 0; size <= PIPE_BYTES_MAX; ) {
    const chunk = Buffer.allocUnsafe(PIPE_CHUNK_BYTES);
    const length = fill(fd, chunk);
    chunks.push(chunk);
    size += length;
    piped(size);
    if (length < chunk.length) return Buffer.concat(chunks, size);
  }
  throw tooLarge();
}

/** Reads until the buffer is full or the input ends; returns the number of bytes read. */
function fill(fd: number, into: Buffer): number {
  let length = 0;
  while (length < into.length) {
    const count = readWaiting(fd, into.subarray(length));
    if (count === 0) break;
    length += count;
  }
  return length;
}

/** Reads from a pipe that may have been made non-blocking by another process. */
function readWaiting(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, into);
    } catch (error) {
      if (isInterrupted(error)) continue;
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }
}

const tooLarge = () =>
  new VfrError(
    'PIPE_TOO_LARGE',
    'more than 1 GiB comes by a pipe, which is held in memory',
    'Write it to a file, and name that.',
  );

const CRC_CHUNK_BYTES = 1 << 20;

/** CRC-32 of a range of bytes, read in pieces. */
export function bodyCrc(source: ByteSource, start: number, end: number): number {
  let crc = 0;
  // Allocating memory for each piece would cost more than reading it.
  const memory = Buffer.allocUnsafe(Math.min(CRC_CHUNK_BYTES, Math.max(0, end - start)));
  for (let at = start; at < end; at += CRC_CHUNK_BYTES) {
    crc = crc32(source.read(at, Math.min(CRC_CHUNK_BYTES, end - at), memory), crc);
  }
  return crc;
}
