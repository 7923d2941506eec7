/**
 * An input file as a stream of chunks, read synchronously and never whole. A zstd-compressed input
 * is decompressed on the way.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileError, VfrError, zstdStream } from '../../traces/index.js';

const CHUNK_BYTES = 1 << 20;
const HEAD_BYTES = 1 << 16;
const ZSTD_MAGIC = 0xfd2f_b528;

export interface Input {
  /** Path as the user gave it. */
  readonly name: string;
  /** Size of the file in bytes, before decompression; 0 for a pipe. */
  readonly size: number;
  /** The first bytes, at most 64 KiB. */
  readonly head: Buffer;
  /** All bytes from the beginning; a chunk is valid until the one after the next is asked for. */
  chunks(): Iterable<Buffer>;
}

/** Opens an input. @throws VfrError when it is missing, a directory, unreadable or empty */
export function openInput(file: string): Input {
  const { size, raw } = openRaw(file);
  const first = raw.next();
  if (first.done === true || first.value.byteLength === 0) {
    throw new VfrError('unreadable', 'INPUT_EMPTY', 'the file is empty', 'Name another input.', {
      file,
    });
  }
  const all = chain(first.value, raw);
  const compressed = first.value.byteLength >= 4 && first.value.readUInt32LE(0) === ZSTD_MAGIC;
  const plain = compressed ? zstdStream(all, file) : all;
  const iterator = plain[Symbol.iterator]();
  const start = iterator.next();
  const chunk = start.done === true ? Buffer.alloc(0) : start.value;
  let taken = false;
  return {
    name: file,
    size,
    head: Buffer.from(chunk.subarray(0, HEAD_BYTES)),
    chunks() {
      if (taken) throw new TypeError('an input is read once');
      taken = true;
      return chain(chunk, iterator);
    },
  };
}

function openRaw(file: string): { size: number; raw: Iterator<Buffer> } {
  try {
    const fd = file === '-' ? 0 : openSync(file, 'r');
    const stat = fstatSync(fd);
    if (stat.isDirectory()) {
      closeSync(fd);
      throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    }
    return { size: stat.isFile() ? stat.size : 0, raw: readChunks(fd, file) };
  } catch (error) {
    throw fileError(error, file, 'reading');
  }
}

function* readChunks(fd: number, file: string): Generator<Buffer, undefined> {
  try {
    // Two buffers in turn: memory that is new for every chunk costs as much as reading it.
    const buffers = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
    for (let i = 0; ; i ^= 1) {
      const chunk = buffers[i];
      const count = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  } catch (error) {
    throw fileError(error, file, 'reading');
  } finally {
    closeSync(fd);
  }
}

function* chain(first: Buffer, rest: Iterator<Buffer>): Generator<Buffer, undefined> {
  yield first;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}
