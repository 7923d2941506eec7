import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { fileError, VfrError } from './errors.js';

/** Where a trace's bytes go. `write` takes all of the bytes or throws. */
export interface Sink {
  write(bytes: Uint8Array): void;
}

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
 * file ever stands under the final name and an existing file is not lost to a failure.
 */
export class FileSink implements Sink {
  readonly partial: string;
  readonly #fd: number;
  #bytes = 0;

  constructor(readonly file: string) {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      throw new VfrError(
        'usage',
        'OUTPUT_IS_DIRECTORY',
        'the output is a directory',
        'Name a file.',
        {
          file,
        },
      );
    }
    this.partial = `${file}.partial`;
    this.#fd = this.#try('create', () => openSync(this.partial, 'w'));
  }

  get byteLength(): number {
    return this.#bytes;
  }

  write(bytes: Uint8Array): void {
    // A short write is not an error: the rest is written by the next call, which then says why.
    for (let done = 0; done < bytes.byteLength; ) {
      done += this.#try('write', () => writeSync(this.#fd, bytes, done));
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

  #try<T>(doing: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw fileError(error, this.file, doing);
    }
  }
}
