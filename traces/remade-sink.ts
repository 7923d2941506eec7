import { closeSync, fsyncSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Destination } from './destination.js';
import { outputTaken } from './file-sink.js';
import { type FinalFile, finalFile, setAccess } from './final-file.js';
import type { OutputSink } from './sink.js';
import { giveName, openUnnamed, pathOf, removeStale } from './unnamed-file.js';
import { attempt, writeAll } from './write-all.js';

/**
 * Writes an output that can be made again. The file has no name before it is complete: nobody sees
 * half of it, nothing remains if the command ends early, and a failure does not destroy the file
 * that had the name before.
 */
export class RemadeSink implements OutputSink {
  readonly #file: string;
  readonly #final: FinalFile;
  readonly #fd: number;
  #isOpen = true;

  /** @throws VfrError when the output cannot be created, or is a folder or an input */
  constructor(private readonly destination: Destination) {
    this.#file = destination.file;
    this.#final = attempt(this.#file, 'look at', () => finalFile(destination));
    this.#fd = attempt(this.#file, 'create', () => {
      removeStale(this.#final.path, destination.inputs);
      return openUnnamed(dirname(this.#final.path));
    });
  }

  /** @throws VfrError when the disk is full or fails */
  write(bytes: Uint8Array): void {
    attempt(this.#file, 'write', () => writeAll(this.#fd, bytes));
  }

  /**
   * Gives the complete file its name.
   *
   * @throws VfrError `OUTPUT_TAKEN` when another command has written a file of that name in the
   * meantime
   */
  commit(): void {
    try {
      if (this.#isTaken()) throw outputTaken(this.#file);
      attempt(this.#file, 'sync', () => {
        setAccess(this.#fd, this.#final, this.destination.mode);
        fsyncSync(this.#fd);
      });
      attempt(this.#file, 'rename', () => giveName(this.#fd, this.#final.path));
    } finally {
      this.discard();
    }
  }

  /** The file that had the name before is untouched. */
  discard(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  #isTaken(): boolean {
    const now = statSync(this.#final.path, { throwIfNoEntry: false });
    const { before } = this.#final;
    return now !== undefined && (now.ino !== before?.ino || now.dev !== before.dev);
  }
}

/** A temporary file that only this process can open. */
export class ScratchSink implements OutputSink {
  /** The path by which this process, and no other, can read what was written. */
  readonly path: string;
  readonly #fd: number;

  /** @throws VfrError when nothing can be created in the folder */
  constructor(private readonly folder: string) {
    this.#fd = attempt(folder, 'create', () => openUnnamed(folder));
    this.path = pathOf(this.#fd);
  }

  /** @throws VfrError when the disk is full or fails */
  write(bytes: Uint8Array): void {
    // Its own path means nothing to a user; the full disk is that of the folder.
    attempt(this.folder, 'write', () => writeAll(this.#fd, bytes));
  }

  commit(): void {}

  /** Nothing to do: closing the descriptor removes the file. */
  discard(): void {}

  close(): void {
    closeSync(this.#fd);
  }
}
