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

/** The sink of a recording, which nobody can make again: what was written of it is kept. */
export interface RecordingSink extends OutputSink {
  /** Where the recording stands before it is complete. */
  readonly partial: string;
  readonly byteLength: number;
  /**
   * Puts what was written so far on the disk, on another thread than the one that writes. The sink
   * must not be ended before this has.
   *
   * @throws VfrError when the disk failed; the system tells it once, and no later call again
   */
  sync(): Promise<void>;
  /** Leaves what was written under `partial`: a recording that cannot go on is still one. */
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
