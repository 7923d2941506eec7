import { writeSync } from 'node:fs';
import { fileError, VfrError } from './errors.js';

const RETRY_MS = 2;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes every byte. A short write is not an error: the next call writes the rest or fails with the
 * reason.
 */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      // The pipe was made non-blocking by another process, and is full; its reader needs time.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }
}

/** @throws VfrError when the system refuses it */
export function attempt<T>(file: string, doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof VfrError ? error : fileError(error, file, doing);
  }
}
