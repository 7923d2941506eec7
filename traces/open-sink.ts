/** Opens what a command writes to. It is the only way to a sink that other folders have. */
import { closeSync, openSync, statSync } from 'node:fs';
import { type Destination, refuseInputs } from './destination.js';
import { FileSink } from './file-sink.js';
import { RemadeSink } from './remade-sink.js';
import type { OutputSink, RecordingSink } from './sink.js';
import { attempt, writeAll } from './write-all.js';

const STDOUT = 1;
const STDOUT_NAME = '(standard output)';

/**
 * Opens the output of a command; `-` is standard output. A pipe or a device that has a name (such
 * as the `/dev/fd/63` of a shell's `>(gzip)`) is written to as it is: it cannot be renamed.
 *
 * @throws VfrError `OUTPUT_IS_INPUT` when the output is one of the inputs, and what else hinders it
 */
export function openSink(destination: Destination): OutputSink {
  return openStream(destination) ?? new RemadeSink(destination);
}

/** The same for a recording, of which everything that was written is kept. */
export function openRecording(destination: Destination): RecordingSink {
  return openStream(destination) ?? new FileSink(destination);
}

/** Null for what is a file, or becomes one. */
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

  /** What has been written is with the reader. */
  async sync(): Promise<void> {}

  commit(): void {
    this.discard();
  }

  /** What was written cannot be taken back. */
  discard(): void {
    if (this.fd !== STDOUT) closeSync(this.fd);
  }

  keep(): void {
    this.discard();
  }
}
