/** Shows the progress of a long command on a terminal's stderr; nothing if it is piped or dumb. */
import type { ByteSource } from '../traces/index.js';
import { formatBytes } from './format-bytes.js';
import { formatDuration } from './format-duration.js';
import { beginTransient } from './output.js';
import { printable } from './printable.js';

/** Short work needs no progress, and terminals are slow. */
const FIRST_MS = 500;
const EVERY_MS = 200;
const NS_PER_MS = 1e6;
/** Moves to the beginning of the line and clears it. These are not colours. */
const CLEAR = '\r\u001b[K';

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly terminal?: Terminal;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** Kind of terminal, as in TERM. */
  readonly kind?: string | undefined;
}

/** Shows how inputs are read, until it is cleared. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #isShown: boolean;
  #file = '';
  #started = 0;
  #next = Number.POSITIVE_INFINITY;
  #isDirty = false;

  constructor(options: ProgressOptions = {}) {
    const { terminal = process.stderr, now = () => performance.now() } = options;
    const kind = 'kind' in options ? options.kind : process.env.TERM;
    this.#terminal = terminal;
    this.#now = now;
    this.#isShown = terminal.isTTY === true && kind !== 'dumb';
  }

  /** Starts with a file; any other output to the terminal ends it. */
  start(file: string): void {
    this.#file = printable(file);
    this.#started = this.#now();
    if (!this.#isShown) return;
    beginTransient(this.clear);
    this.#next = this.#started + FIRST_MS;
  }

  /** @param size of the file; 0 when it is not known */
  update = (bytes: number, size: number): void => {
    const now = this.#now();
    if (now < this.#next) return;
    this.#next = now + EVERY_MS;
    this.#isDirty = true;
    const width = (this.#terminal.columns ?? 80) - 1;
    const line = `${this.#file}: ${formatProgress(bytes, size, now - this.#started)}`;
    this.#terminal.write(`${CLEAR}${line.length > width ? line.slice(-width) : line}`);
  };

  /** Clears the line for the next output. */
  clear = (): void => {
    this.#next = Number.POSITIVE_INFINITY;
    if (this.#isDirty) this.#terminal.write(CLEAR);
    this.#isDirty = false;
  };
}

/** The same bytes; shows how far they have been read, until something else is printed. */
export function watched(source: ByteSource, progress: Progress): ByteSource {
  progress.start(source.name);
  return {
    name: source.name,
    size: source.size,
    fd: source.fd,
    read(offset, length, into) {
      const bytes = source.read(offset, length, into);
      progress.update(offset + bytes.byteLength, source.size);
      return bytes;
    },
    close() {
      progress.clear();
      source.close();
    },
  };
}

/**
 * `45 % of 286.1 MiB, 95.4 MiB/s, 1.65 s left`; without a size, only what does not depend on it.
 */
export function formatProgress(bytes: number, size: number, ms: number): string {
  const rate = bytes / Math.max(ms, 1);
  const speed = `${formatBytes(rate * 1000)}/s`;
  if (size === 0) return `${formatBytes(bytes)}, ${speed}`;
  const done = Math.min(bytes, size);
  const left = BigInt(Math.round(((size - done) / rate) * NS_PER_MS));
  const percent = Math.floor((done / size) * 100);
  return `${percent} % of ${formatBytes(size)}, ${speed}, ${formatDuration(left)} left`;
}
