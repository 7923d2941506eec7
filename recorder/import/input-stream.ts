/**
 * An input file as a stream of chunks, read synchronously and never as a whole. Compressed inputs
 * are decompressed on the fly. If the bytes cannot be read, the stream ends: earlier bytes are
 * used, and the import reports where and why it stopped.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileError, VfrError } from '../../traces/index.js';
import { decompressed } from './decompress.js';

const CHUNK_BYTES = 1 << 20;
const HEAD_BYTES = 1 << 16;
const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** Byte order marks of UTF-16. */
const UTF16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
/** How long to wait for a pipe that has nothing yet and must not be waited for (O_NONBLOCK). */
const RETRY_MS = 20;

/** Where, as an offset in the file, and why the bytes ended early. */
export interface Stop {
  readonly offset: number;
  readonly why: string;
}

export interface Input {
  /** Path as the user gave it. */
  readonly name: string;
  /** Size of the file in bytes, before decompression; 0 for a pipe. */
  readonly size: number;
  /** The first bytes, 64 KiB unless there are fewer. */
  readonly head: Buffer;
  /**
   * All bytes from the beginning; a chunk is valid until the one after the next is requested. Never
   * throws: if the bytes cannot be read, the stream ends.
   */
  chunks(): Iterable<Buffer>;
  /** Set when the chunks ended before the file did, because it is damaged or cut. */
  readonly failure?: Stop | null;
  /** Called for bytes that an importer reads without `chunks`, which count as progress. */
  readonly wasRead?: (bytes: number) => void;
}

export interface InputOptions {
  /** Called with the number of bytes of the file read so far, and its size; 0 for a pipe. */
  readonly progress?: (bytes: number, size: number) => void;
}

/** Opens an input. @throws VfrError when it is missing, a directory, unreadable or empty */
export function openInput(file: string, options: InputOptions = {}): Input {
  return new FileInput(file, options.progress ?? (() => undefined));
}

class FileInput implements Input {
  readonly size: number;
  readonly head: Buffer;
  failure: Stop | null = null;
  #error: VfrError | null = null;
  /** Why the first chunk ended early. */
  #early: unknown = null;
  readonly #fd: number;
  readonly #chunks: Iterator<Buffer>;
  readonly #held: Buffer[] = [];
  #taken = false;
  #bytes = 0;

  constructor(
    readonly name: string,
    private readonly progress: (bytes: number, size: number) => void,
  ) {
    const { fd, size } = openFile(name);
    this.#fd = fd;
    this.size = size;
    const first = this.#fill(Buffer.allocUnsafe(CHUNK_BYTES));
    if (first.byteLength === 0) throw this.#empty();
    this.#chunks = this.#untilDamage(decompressed(first, this.#raw(first), name));
    this.head = this.#takeHead();
    if (this.head.byteLength === 0) throw this.#empty();
    if (UTF16_MARKS.some((mark) => mark.equals(this.head.subarray(0, 2)))) throw this.#utf16();
  }

  *chunks(): Generator<Buffer, undefined> {
    if (this.#taken) throw new TypeError('an input is read once');
    this.#taken = true;
    yield* this.#held;
    for (let next = this.#chunks.next(); next.done !== true; next = this.#chunks.next()) {
      yield next.value;
    }
  }

  wasRead = (bytes: number): void => {
    this.#bytes += bytes;
    this.progress(this.#bytes, this.size);
  };

  /** Holds chunks until the head is complete, and returns it without a UTF-8 byte order mark. */
  #takeHead(): Buffer {
    let length = 0;
    while (length < HEAD_BYTES) {
      const next = this.#chunks.next();
      if (next.done === true) break;
      length += next.value.byteLength;
      // A chunk that is held while others are read must be copied.
      this.#held.push(length < HEAD_BYTES ? Buffer.from(next.value) : next.value);
    }
    const [first] = this.#held;
    if (first?.subarray(0, UTF8_MARK.byteLength).equals(UTF8_MARK) === true) {
      this.#held[0] = first.subarray(UTF8_MARK.byteLength);
    }
    return Buffer.concat(this.#held).subarray(0, HEAD_BYTES);
  }

  /** The chunks of the file; the first one has been read already. */
  *#raw(first: Buffer): Generator<Buffer, undefined> {
    yield first;
    if (this.#early !== null) throw this.#early;
    // Two buffers in turn: memory that is new for every chunk costs as much as reading it.
    const buffers = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
    try {
      for (let i = 0; ; i ^= 1) {
        const count = this.#read(buffers[i], 0);
        if (count === 0) return;
        yield buffers[i].subarray(0, count);
      }
    } finally {
      closeSync(this.#fd);
    }
  }

  /** The first chunk. A pipe returns few bytes at a time, which may be too few for a head. */
  #fill(buffer: Buffer): Buffer {
    let length = 0;
    while (length < HEAD_BYTES) {
      try {
        const count = this.#read(buffer, length);
        if (count === 0) break;
        length += count;
      } catch (error) {
        if (length === 0) throw error;
        // Earlier bytes are used; the next chunk fails.
        this.#early = error;
        break;
      }
    }
    return buffer.subarray(0, length);
  }

  #read(buffer: Buffer, at: number): number {
    for (;;) {
      try {
        const count = readSync(this.#fd, buffer, at, buffer.byteLength - at, null);
        if (count > 0) this.wasRead(count);
        return count;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          throw fileError(error, this.name, 'reading');
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }

  /** The same chunks, which end where they cannot be read on. */
  *#untilDamage(chunks: Iterable<Buffer>): Generator<Buffer, undefined> {
    try {
      yield* chunks;
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      this.#error = error;
      this.failure = { offset: error.place.offset ?? this.#bytes, why: error.what };
    }
  }

  /** Why there is nothing to import. */
  #empty(): VfrError {
    const next = 'Name another input.';
    const place = { file: this.name };
    return this.#error ?? new VfrError('INPUT_EMPTY', 'it is empty', next, place);
  }

  #utf16(): VfrError {
    const next = 'Convert it: iconv -f UTF-16 -t UTF-8 INPUT > OUTPUT.';
    const what = 'the text is UTF-16, which no tracer writes';
    return new VfrError('INPUT_UTF16', what, next, { file: this.name });
  }
}

function openFile(file: string): { fd: number; size: number } {
  try {
    const fd = file === '-' ? 0 : openSync(file, 'r');
    const stat = fstatSync(fd);
    if (stat.isDirectory()) {
      closeSync(fd);
      throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    }
    return { fd, size: stat.isFile() ? stat.size : 0 };
  } catch (error) {
    throw fileError(error, file, 'reading');
  }
}
