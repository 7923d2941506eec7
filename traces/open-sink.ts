/** Opens the output of a command. Other folders get a sink only from here. */
import { closeSync, openSync, statSync } from 'node:fs';
import { type Destination, refuseInputs } from './destination.js';
import { FileSink } from './file-sink.js';
import { RemadeSink } from './remade-sink.js';
import type { OutputSink, RecordingSink } from './sink.js';
import { attempt, writeAll } from './write-all.js';

const STDOUT = 1;
const STDOUT_NAME = '(standard output)';

/**
 * Opens the output of a command; `-` is standard output. A pipe or device with a name (such as
 * `/dev/fd/63` of a shell's `>(gzip)`) is written directly: it cannot be renamed.
 *
 * @throws VfrError `OUTPUT_IS_INPUT` when the output is one of the inputs; others when it cannot be
 * opened
 */
export function openSink(destination: Destination): OutputSink {
  return openStream(destination) ?? new RemadeSink(destination);
}

/** The same for a recording, which keeps everything that was written even if it fails. */
export function openRecording(destination: Destination): RecordingSink {
  return openStream(destination) ?? new FileSink(destination);
}

/** Null if the output is a regular file, or will become one. */
function openStream(destination: Destination): StreamSink | null {
  const { file } = destination;
  refuseInputs(destination);
  if (file === '-') return new StreamSink(STDOUT, STDOUT_NAME);
  return attempt(file, 'open', () => {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || stat.isFile() || stat.isDirectory()) return null;
    return new StreamSink(openSync(file, 'w'), file);
  });
}

/** Standard output or another stream, which may be a pipe that is full or closed. */
class StreamSink implements RecordingSink {
  #bytes = 0;

  constructor(
    private readonly fd: number,
    readonly partial: string,
  ) {}

  get byteLength(): number {
    return this.#bytes;
  }

  write(bytes: Uint8Array): void {
    attempt(this.partial, 'write', () => writeAll(this.fd, bytes));
    this.#bytes += bytes.byteLength;
  }

  /** Bytes that were written already belong to the reader. */
  async sync(): Promise<void> {}

  commit(): void {
    this.discard();
  }

  /** Bytes that were written cannot be withdrawn. */
  discard(): void {
    if (this.fd !== STDOUT) closeSync(this.fd);
  }

  keep(): void {
    this.discard();
  }
}
