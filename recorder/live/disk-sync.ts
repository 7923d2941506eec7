import type { RecordingSink } from '../../traces/index.js';

/** A machine that crashes costs at most about this much of a recording. */
const SYNC_MS = 1000;

/**
 * Writes the recording to the disk once a second, on another thread. Driver developers crash
 * machines, and the kernel by itself keeps written pages in memory for half a minute. Only one call
 * runs at a time, so that a slow disk gets fewer calls instead of a queue.
 */
export class DiskSync {
  #running: Promise<void> | undefined;
  #failure: unknown;
  #last: number;
  #bytes = 0;

  /** @param now Milliseconds of a clock. */
  constructor(
    private readonly sink: Pick<RecordingSink, 'sync' | 'byteLength'>,
    now: number,
  ) {
    this.#last = now;
  }

  /**
   * Begins a sync when it is time for one and there is something to sync.
   *
   * @throws VfrError what the last one failed with
   */
  tick(now: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    const { byteLength } = this.sink;
    const isDue = now - this.#last >= SYNC_MS && byteLength > this.#bytes;
    if (this.#running !== undefined || !isDue) return;
    this.#last = now;
    this.#bytes = byteLength;
    this.#running = this.sink
      .sync()
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when no sync is under way any more. */
  async finish(): Promise<void> {
    await this.#running;
  }
}
