import { setTimeout as sleep } from 'node:timers/promises';
import { DeviceTimeline, type Known } from '../../analysis/index.js';
import type { Divergence } from '../../replay/index.js';
import type { Batch, TraceReader } from '../../traces/index.js';
import type { ReplayStatus } from './screen.js';

/** Events to replay per slice: a few milliseconds in which keys are not handled. */
const SLICE = 4096;
/** Drawing takes as long as replaying some slices. */
const SLICES_PER_FRAME = 16;
/** After a key more are likely to follow: replay pauses for this many milliseconds. */
const REST_MS = 200;

/**
 * Replays a trace in the background, a slice at a time, so that keys are handled in between. The
 * state of an event is available once replay has reached it.
 */
export class BackgroundReplay implements ReplayStatus {
  readonly #timeline: DeviceTimeline;
  /**
   * By event, ascending; null until everything is replayed, since a later event may still explain a
   * divergence.
   */
  #divergences: ReadonlyMap<number, Divergence> | null = null;
  #done = 0;
  /** Events left in the current slice. */
  #left = SLICE;
  #slices = 0;
  #stopped = false;
  #problem: string | null = null;
  #restUntil = 0;

  constructor(private readonly reader: TraceReader) {
    this.#timeline = new DeviceTimeline(reader.meta);
  }

  get progress(): number {
    return this.#done / Math.max(1, this.reader.batches.length);
  }

  get problem(): string | null {
    return this.#problem;
  }

  stateAt(device: string, seq: number): Known | undefined {
    return this.#timeline.stateAt(device, seq);
  }

  divergenceAt(seq: number): Divergence | undefined {
    return this.#divergences?.get(seq);
  }

  divergences(): Float64Array | null {
    return this.#divergences === null ? null : Float64Array.from(this.#divergences.keys());
  }

  /** @param redraw called whenever the status has changed */
  async run(redraw: () => void): Promise<void> {
    try {
      for (const info of this.reader.batches) {
        if (this.#stopped) return;
        await this.#feed(this.reader.batch(info), redraw);
        this.#done++;
      }
    } catch (error) {
      this.#problem = (error as Error).message;
      redraw();
      return;
    }
    const divergences = this.#timeline.divergences().toSorted((a, b) => a.seq - b.seq);
    this.#divergences = new Map(divergences.map((d) => [d.seq, d]));
    redraw();
  }

  /** Batches may be larger and smaller than a slice. */
  async #feed(batch: Batch, redraw: () => void): Promise<void> {
    const end = batch.seqFirst + batch.rows;
    for (let from: number = batch.seqFirst; from < end && !this.#stopped; ) {
      const until = Math.min(end, from + this.#left);
      this.#timeline.feed(batch, until);
      this.#left -= until - from;
      from = until;
      if (this.#left > 0) continue;
      this.#left = SLICE;
      this.#slices++;
      if (this.#slices % SLICES_PER_FRAME === 0) redraw();
      await this.#breathe();
    }
  }

  /** Lets pending keys and frames be handled. */
  async #breathe(): Promise<void> {
    do {
      await sleep(1);
    } while (performance.now() < this.#restUntil && !this.#stopped);
  }

  /** Pauses, to leave the processor to the keys. */
  rest(): void {
    this.#restUntil = performance.now() + REST_MS;
  }

  stop(): void {
    this.#stopped = true;
  }
}
