import { setTimeout as sleep } from 'node:timers/promises';
import { DeviceTimeline, type Known } from '../../analysis/index.js';
import type { Divergence } from '../../replay/index.js';
import type { Batch, TraceReader } from '../../traces/index.js';
import type { Knowledge } from './screen.js';

/** Events that are replayed at once: a few milliseconds in which no key is answered. */
const SLICE = 4096;
/** To draw takes as long as to replay some slices. */
const SLICES_PER_FRAME = 16;
/** A key that was pressed stands for more to come: replay rests for so many milliseconds. */
const REST_MS = 200;

/**
 * Replays a trace beside the screen, a slice at a time, so that keys are answered in between. What
 * replay knows of an event is there once it got that far.
 */
export class ReplayKnowledge implements Knowledge {
  readonly #timeline: DeviceTimeline;
  /** By event, ascending; null until all is replayed: what comes later may still explain one. */
  #divergences: ReadonlyMap<number, Divergence> | null = null;
  #done = 0;
  /** Events that are left of the slice under way. */
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

  /** @param redraw called whenever more is known */
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

  /** Lets keys and frames be served. */
  async #breathe(): Promise<void> {
    do {
      await sleep(1);
    } while (performance.now() < this.#restUntil && !this.#stopped);
  }

  /** Lets the keys have the processor for a while. */
  rest(): void {
    this.#restUntil = performance.now() + REST_MS;
  }

  stop(): void {
    this.#stopped = true;
  }
}
