import type { Batch } from '../../traces/index.js';
import { EventCursor } from './cursor.js';
import type { Engine } from './engine.js';
import { type Checkpoint, Replayer, type ReplayOptions, type ReplayResult } from './replay.js';
import { type MachineState, machineState } from './state.js';
import type { Verdict } from './verdict.js';

/** A trace that can be read at any place: `TraceReader` is one. */
export interface RandomAccess {
  readonly events: number;
  readonly batches: readonly BatchPlace[];
  batch(info: BatchPlace): Batch;
}

interface BatchPlace {
  readonly rows: number;
  readonly seqFirst: number;
}

/** Events between two checkpoints at first; doubled whenever there are too many. */
const INTERVAL = 4096;
const CHECKPOINTS_MAX = 256;

/**
 * A replay in which one can stand at any event and look at the state. Checkpoints are made on the
 * way; going somewhere replays from the nearest one before.
 */
export class Timeline<R extends RandomAccess> {
  #checkpoints: Checkpoint[];
  #interval = INTERVAL;
  #replayer: Replayer;
  readonly #cursor = new EventCursor();
  #batch: { readonly place: BatchPlace; readonly batch: Batch } | null = null;
  /** The last event that was looked at, with its verdict. */
  #last: { seq: number; verdict: Verdict } | null = null;

  constructor(
    readonly reader: R,
    readonly options: Omit<ReplayOptions, 'until' | 'observe'> = {},
  ) {
    this.#replayer = this.#from();
    this.#checkpoints = [this.#replayer.checkpoint()];
  }

  /** The event that comes next: all before it have happened. */
  get position(): number {
    return this.#replayer.next;
  }

  get engine(): Engine {
    return this.#replayer.engine;
  }

  get state(): MachineState {
    return machineState(this.engine);
  }

  /** An event of the recording, until the next call; null when it cannot be read. */
  event(seq: number): EventCursor | null {
    if (seq < 0 || seq >= this.reader.events) return null;
    const batch = this.#at(seq);
    const row = seq - batch.seqFirst;
    if (row < 0 || row >= batch.rows) return null;
    this.#cursor.open(batch);
    this.#cursor.row = row;
    return this.#cursor;
  }

  /** What the replay has said up to here. */
  get result(): ReplayResult {
    return this.#replayer.result();
  }

  /** Verdict of the event before the position; null for a stimulus, and at the beginning. */
  get verdict(): Verdict {
    return this.#last?.seq === this.position - 1 ? this.#last.verdict : null;
  }

  /** Goes to where event `seq` is the next to happen; beyond the ends, to the ends. */
  seek(seq: number): void {
    const target = Math.max(0, Math.min(seq, this.reader.events));
    if (target < this.position) this.#replayer = this.#from(this.#before(target));
    else {
      const nearest = this.#before(target);
      if (nearest.seq > this.position) this.#replayer = this.#from(nearest);
    }
    this.#run(target);
  }

  /**
   * Goes forward until `stop` says so, or to the end.
   * @param stop is asked after every event
   * @returns whether it was stopped
   */
  forward(stop: (e: EventCursor, verdict: Verdict, engine: Engine) => boolean): boolean {
    const found = this.#search(this.position, this.reader.events, stop, true);
    this.seek(found === null ? this.reader.events : found + 1);
    return found !== null;
  }

  /** Goes back to just after the last event before the position for which `stop` says so. */
  backward(stop: (e: EventCursor, verdict: Verdict, engine: Engine) => boolean): boolean {
    let end = this.position - 1;
    while (end > 0) {
      // One event more than the checkpoint needs, so that each has its predecessor before it.
      const begin = Math.max(0, this.#before(end - 1).seq - 1);
      const found = this.#search(begin, end, stop, false);
      if (found !== null) {
        this.seek(found + 1);
        return true;
      }
      end = begin === 0 ? 0 : begin + 1;
    }
    this.seek(0);
    return false;
  }

  /** The first or last event of a range for which `stop` says so. */
  #search(
    begin: number,
    end: number,
    stop: (e: EventCursor, verdict: Verdict, engine: Engine) => boolean,
    first: boolean,
  ): number | null {
    let found: number | null = null;
    this.seek(begin);
    const replayer = new Replayer(
      {
        ...this.options,
        observe: (e, verdict, engine) => {
          if (first && found !== null) return;
          if (stop(e, verdict, engine)) found = e.seq;
        },
      },
      this.#replayer.checkpoint(),
    );
    while (replayer.next < end && !(first && found !== null)) {
      const step = Math.min(end, replayer.next + this.#interval);
      this.#feed(replayer, step);
    }
    return found;
  }

  #before(seq: number): Checkpoint {
    return (
      this.#checkpoints.findLast((checkpoint) => checkpoint.seq <= seq) ?? this.#checkpoints[0]
    );
  }

  #from(checkpoint?: Checkpoint): Replayer {
    const observe = (e: EventCursor, verdict: Verdict) => {
      this.#last = { seq: e.seq, verdict };
    };
    return new Replayer({ ...this.options, observe }, checkpoint);
  }

  #run(target: number): void {
    while (this.position < target) {
      const next = (Math.floor(this.position / this.#interval) + 1) * this.#interval;
      this.#feed(this.#replayer, Math.min(next, target));
      if (this.position === next) this.#keep();
    }
  }

  #feed(replayer: Replayer, until: number): void {
    while (replayer.next < until) {
      const before = replayer.next;
      replayer.feed(this.#at(before), until);
      // A trace with damaged batches has gaps in its numbering; what is missing is passed over.
      if (replayer.next === before) return;
    }
  }

  #at(seq: number): Batch {
    const { batches } = this.reader;
    const place = batches.find((b) => seq < b.seqFirst + b.rows) ?? batches[batches.length - 1];
    if (this.#batch?.place !== place) this.#batch = { place, batch: this.reader.batch(place) };
    return this.#batch.batch;
  }

  #keep(): void {
    if (this.#checkpoints.some((checkpoint) => checkpoint.seq === this.position)) return;
    this.#checkpoints.push(this.#replayer.checkpoint());
    this.#checkpoints.sort((a, b) => a.seq - b.seq);
    if (this.#checkpoints.length <= CHECKPOINTS_MAX) return;
    this.#interval *= 2;
    this.#checkpoints = this.#checkpoints.filter(({ seq }) => seq % this.#interval === 0);
  }
}
