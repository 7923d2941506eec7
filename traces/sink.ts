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

/**
 * Opens the output of a command; `-` is standard output. A pipe or a device that has a name (such
 * as the `/dev/fd/63` of a shell's `>(gzip)`) is written to as it is: it cannot be renamed.
 */
export function openSink(file: string): OutputSink {
  if (file === '-') return new StreamSink(STDOUT, '(standard output)');
  return attempt(file, 'open', () => {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || stat.isFile() || stat.isDirectory()) return new FileSink(file);
    return new StreamSink(openSync(file, 'w'), file);
  });
}

/** @throws VfrError for what the system refuses */
function attempt<T>(file: string, doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof VfrError ? error : fileError(error, file, doing);
  }
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
 * Writes to a file of another name and gives it its final name when it is complete, so that no
 * half-written file ever stands under the final name and an existing file is not lost to a failure.
 *
 * A recording is made once: it is written to `FILE.partial`, which a recorder that is killed leaves
 * behind, which can be read up to its last whole frame, and which no later recorder takes (it
 * writes to `FILE.2.partial`). What can be made again is written to `FILE.vfr-tmp`, and the next
 * command replaces what a killed one left there.
 */
export class FileSink implements OutputSink {
  readonly partial: string;
  readonly #fd: number;
  readonly #inode: number;
  #bytes = 0;
  #isOpen = true;

  constructor(
    readonly file: string,
    what: 'recording' | 'remade' = 'remade',
  ) {
    if (this.#try('look at', () => statSync(file, { throwIfNoEntry: false })?.isDirectory())) {
      const [problem, next] = ['the output is a directory', 'Name a file.'];
      throw new VfrError('usage', 'OUTPUT_IS_DIRECTORY', problem, next, { file });
    }
    const create = what === 'recording' ? createRecording : createAnew;
    [this.partial, this.#fd] = this.#try('create', () => create(file));
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

  /**
   * Puts what was written so far on the disk, on another thread than the one that writes. The sink
   * must not be ended before this has.
   *
   * @throws VfrError when the disk failed; the system tells it once, and no later call again
   */
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
    this.#try('sync', () => fsyncSync(this.#fd));
    this.#close();
    if (!this.#isOurs()) throw taken(this.file);
    this.#try('rename', () => renameSync(this.partial, this.file));
  }

  /** Removes what was written; the file that had the final name before is untouched. */
  discard(): void {
    this.#close();
    if (this.#isOurs()) rmSync(this.partial, { force: true });
  }

  /**
   * Leaves what was written under `partial`: a recording that cannot go on is still a recording.
   */
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

function taken(file: string): VfrError {
  const next = 'Wait for the other one to end, or name another file.';
  return new VfrError('unreadable', 'OUTPUT_TAKEN', 'another vfr writes this file', next, { file });
}

/** A name and a handle of a file that nobody else has open for writing. */
type Created = readonly [name: string, fd: number];

function createAnew(file: string): Created {
  const name = `${file}.vfr-tmp`;
  rmSync(name, { force: true });
  return [name, openSync(name, 'wx')];
}

function createRecording(file: string): Created {
  for (let n = 1; ; n++) {
    const name = n === 1 ? `${file}.partial` : `${file}.${n}.partial`;
    try {
      return [name, openSync(name, 'wx')];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Standard output or another stream, which may be a pipe that is full or closed. */
class StreamSink implements OutputSink {
  constructor(
    private readonly fd: number,
    private readonly name: string,
  ) {}

  write(bytes: Uint8Array): void {
    try {
      writeAll(this.fd, bytes);
    } catch (error) {
      throw fileError(error, this.name, 'write');
    }
  }

  commit(): void {
    this.discard();
  }

  /** What was written cannot be taken back. */
  discard(): void {
    if (this.fd !== STDOUT) closeSync(this.fd);
  }
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
