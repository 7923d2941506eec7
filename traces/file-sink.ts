import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import type { Destination } from './destination.js';
import { fileError, VfrError } from './errors.js';
import { type FinalFile, finalFile, setAccess } from './final-file.js';
import type { RecordingSink } from './sink.js';
import { attempt, writeAll } from './write-all.js';

/**
 * Records to `FILE.partial` and gives it its final name when it is complete. A recorder that is
 * killed leaves the file, which can be read up to its last whole frame and which no later recorder
 * takes: it writes to `FILE.2.partial`.
 */
export class FileSink implements RecordingSink {
  readonly partial: string;
  readonly file: string;
  readonly #final: FinalFile;
  readonly #mode: number | undefined;
  readonly #fd: number;
  readonly #inode: number;
  #bytes = 0;
  #isOpen = true;

  /** @throws VfrError when the output cannot be created, or is a folder or an input */
  constructor(destination: Destination) {
    this.file = destination.file;
    this.#mode = destination.mode;
    this.#final = this.#try('look at', () => finalFile(destination));
    [this.partial, this.#fd] = this.#try('create', () => createPartial(this.#final.path));
    this.#inode = fstatSync(this.#fd).ino;
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

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        if (error === null) resolve();
        else reject(fileError(error, this.file, 'sync'));
      });
    });
  }

  /**
   * Gives the complete file its final name.
   *
   * @throws VfrError `OUTPUT_TAKEN` when another process has put its own file in the place of ours
   */
  commit(): void {
    this.#try('sync', () => {
      setAccess(this.#fd, this.#final, this.#mode);
      fsyncSync(this.#fd);
    });
    this.#close();
    if (!this.#isOurs()) throw outputTaken(this.file);
    this.#try('rename', () => renameSync(this.partial, this.#final.path));
  }

  /** Removes what was written; the file that had the final name before is untouched. */
  discard(): void {
    this.#close();
    if (this.#isOurs()) rmSync(this.partial, { force: true });
  }

  keep(): void {
    this.#close();
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  /** Whether the file that we write is still the one of its name. */
  #isOurs(): boolean {
    return statSync(this.partial, { throwIfNoEntry: false })?.ino === this.#inode;
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
    return attempt(this.file, doing, action);
  }
}

export function outputTaken(file: string): VfrError {
  const next = 'Wait for the other one to end, or name another file.';
  return new VfrError('OUTPUT_TAKEN', 'another vfr writes this file', next, { file });
}

/** A name and a handle of a file that nobody else has open for writing. */
type Created = readonly [name: string, fd: number];

function createPartial(file: string): Created {
  for (let n = 1; ; n++) {
    const name = n === 1 ? `${file}.partial` : `${file}.${n}.partial`;
    try {
      return [name, openSync(name, 'wx', 0o600)];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
