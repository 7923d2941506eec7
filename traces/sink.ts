import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { fileError, VfrError } from './errors.js';

/** Where a trace's bytes go. `write` takes all of the bytes or throws; a frame is one write. */
export interface Sink {
  write(bytes: Uint8Array): void;
}

/** A sink that ends well or not at all. */
export interface OutputSink extends Sink {
  /** Everything was written: makes it what the user asked for. */
  commit(): void;
  /** Takes back what was written, as far as that is possible. */
  discard(): void;
}

/** Opens the output of a command; `-` is standard output. */
export const openSink = (file: string): OutputSink =>
  file === '-' ? new StdoutSink() : new FileSink(file);

/** Collects a trace in memory. */
export class MemorySink implements Sink {
  readonly #chunks: Buffer[] = [];

  write(bytes: Uint8Array): void {
    this.#chunks.push(Buffer.from(bytes));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/**
 * Writes to `FILE.partial` and gives it its final name when it is complete, so that no half-written
 * file ever stands under the final name and an existing file is not lost to a failure. A recorder
 * that is killed leaves `FILE.partial`, which can be read up to its last whole frame.
 */
export class FileSink implements OutputSink {
  readonly partial: string;
  readonly #fd: number;
  #bytes = 0;

  constructor(readonly file: string) {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      const [what, next] = ['the output is a directory', 'Name a file.'];
      throw new VfrError('usage', 'OUTPUT_IS_DIRECTORY', what, next, { file });
    }
    this.partial = `${file}.partial`;
    this.#fd = this.#try('create', () => openSync(this.partial, 'w'));
  }

  get byteLength(): number {
    return this.#bytes;
  }

  /** @throws VfrError when the disk is full or fails; the file then ends with the write before */
  write(bytes: Uint8Array): void {
    try {
      writeAll(this.#fd, bytes);
    } catch (error) {
      this.#dropTail();
      throw fileError(error, this.file, 'write');
    }
    this.#bytes += bytes.byteLength;
  }

  /** Gives the complete file its final name. */
  commit(): void {
    this.#try('sync', () => fsyncSync(this.#fd));
    closeSync(this.#fd);
    this.#try('rename', () => renameSync(this.partial, this.file));
  }

  /** Removes what was written; the file that had the final name before is untouched. */
  discard(): void {
    closeSync(this.#fd);
    rmSync(this.partial, { force: true });
  }

  /**
   * Leaves what was written under `partial`: a recording that cannot go on is still a recording.
   */
  keep(): void {
    closeSync(this.#fd);
  }

  /** Best effort: half a frame at the end is found by any reader, but nobody needs it. */
  #dropTail(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch {
      // The disk has failed; the error of the write is told, and says more.
    }
  }

  #try<T>(doing: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw fileError(error, this.file, doing);
    }
  }
}

/** Standard output, which may be a pipe that is full or closed. */
class StdoutSink implements OutputSink {
  write(bytes: Uint8Array): void {
    try {
      writeAll(STDOUT, bytes);
    } catch (error) {
      throw fileError(error, '(standard output)', 'write');
    }
  }

  commit(): void {}

  discard(): void {}
}

const STDOUT = 1;
const RETRY_MS = 2;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes every byte. A short write is not an error: the next call writes the rest or says why not.
 */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      // A pipe that somebody made non-blocking is full; its reader needs time.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }
}
