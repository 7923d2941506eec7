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
import { partialName } from './partial-name.js';
import type { RecordingSink } from './sink.js';
import { attempt, writeAll } from './write-all.js';

/**
 * Records to `FILE.partial` and renames it to its final name when it is complete. If the recorder
 * is killed, the file remains, and can be read up to its last whole frame. No later recorder
 * overwrites it: the next one writes to `FILE.2.partial`.
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

  /** @throws VfrError when the disk is full or fails; the file then ends with the previous write */
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
   * @throws VfrError `OUTPUT_TAKEN` when another process has replaced our file with its own
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

  /** Whether the file of this name is still the one that we write. */
  #isOurs(): boolean {
    return statSync(this.partial, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  /** Best effort: readers recognise half a frame at the end, but nobody needs it. */
  #dropTail(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch {
      // The disk has failed. The error of the write is reported instead, since it says more.
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

/** Name and descriptor of a new file that no other process has open for writing. */
type Created = readonly [name: string, fd: number];

function createPartial(file: string): Created {
  for (let n = 1; ; n++) {
    const name = partialName(file, n);
    try {
      return [name, openSync(name, 'wx', 0o600)];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
