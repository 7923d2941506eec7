import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceDirectory } from './tracefs.js';

/** One CPU's ring buffer, read without waiting. */
export class RawBuffer {
  readonly #handle: number;
  #open = true;

  constructor(
    instance: TraceDirectory,
    readonly cpu: number,
  ) {
    const file = join(instance.path, 'per_cpu', `cpu${cpu}`, 'trace_pipe_raw');
    this.#handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** Moves the oldest page out of the kernel's buffer; false when there is none now. */
  readPage(into: Buffer): boolean {
    try {
      const length = readSync(this.#handle, into, 0, into.length, null);
      if (length > 0 && length < into.length) into.fill(0, length);
      return length > 0;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN' || code === 'EINTR') return false;
      throw error;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#handle);
  }
}

/** The CPUs that have a buffer, in order. */
export function bufferCpus(instance: TraceDirectory): number[] {
  return instance
    .list('per_cpu')
    .map((name) => Number(/^cpu(\d+)$/.exec(name)?.[1] ?? Number.NaN))
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
}

/** The kernel's own figures of one CPU's buffer (`per_cpu/cpuN/stats`). */
export interface BufferStats {
  /** Events in the buffer and not yet read. */
  readonly entries: number;
  /** Events that newer ones overwrote before they were read. */
  readonly overrun: number;
  /** Events dropped because they arrived while the buffer was being overwritten, or was full. */
  readonly dropped: number;
  readonly read: number;
}

export function bufferStats(instance: TraceDirectory, cpu: number): BufferStats {
  const text = instance.read(`per_cpu/cpu${cpu}/stats`);
  const number = (label: string): number =>
    Number(new RegExp(`^${label}: (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    entries: number('entries'),
    overrun: number('overrun') + number('commit overrun'),
    dropped: number('dropped events'),
    read: number('read events'),
  };
}
