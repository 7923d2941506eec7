/** Receives a trace's bytes. `write` writes all bytes or throws; each frame is one write. */
export interface Sink {
  write(bytes: Uint8Array): void;
}

/** A sink that either completes its output or discards it. */
export interface OutputSink extends Sink {
  /** Completes the output after everything was written. */
  commit(): void;
  /** Removes what was written, if that is possible. */
  discard(): void;
}

/** The sink of a recording. A recording cannot be repeated, so what was written is kept. */
export interface RecordingSink extends OutputSink {
  /** Path of the recording before it is complete. */
  readonly partial: string;
  readonly byteLength: number;
  /**
   * Writes everything so far to the disk, on another thread than the writing one. Do not end the
   * sink before this has finished.
   *
   * @throws VfrError when the disk failed; the system reports that once, and not again at a later
   * call
   */
  sync(): Promise<void>;
  /** Leaves what was written under `partial`, for a recording that cannot continue. */
  keep(): void;
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
