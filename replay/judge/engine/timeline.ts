import { type Batch, firstIndex } from '../../../traces/index.js';
import type { Engine } from './engine.js';
import { EventCursor } from './event-cursor.js';
import { type MachineState, machineState } from './plain-state.js';
import { type Checkpoint, Replayer, type ReplayOptions, type ReplayResult } from './replayer.js';
import { STIMULUS, type Verdict } from './verdict.js';

/** A trace that can be read at any place: `TraceReader` is one. */
export interface RandomAccess {
  /** The seq after the last readable event. */
  readonly seqEnd: number;
  readonly batches: readonly BatchPlace[];
  batch(info: BatchPlace): Batch;
}

interface BatchPlace {
  readonly rows: number;
  readonly seqFirst: number;
}

/** Events between two checkpoints at first; doubled whenever there are too many. */
const INTERVAL = 1024;
const CHECKPOINTS_MAX = 512;
/** The most functions in all checkpoints together: each takes about a KiB. */
const FUNCTIONS_MAX = 65_536;
/**
 * The most events that stay decoded: the columns that replay reads take 70 to 90 bytes per event.
 */
const DECODED_MAX = 1_500_000;

/**
 * A replay that can be positioned at any event, to read the state there. It makes checkpoints on
 * the way; seeking replays from the nearest earlier one.
 */
export class Timeline<R extends RandomAccess> {
  #checkpoints: Checkpoint[];
  #interval = INTERVAL;
  #replayer: Replayer;
  readonly #cursor = new EventCursor();
  /** Batches by their first event, the one that was used last at the end. */
  readonly #batches = new Map<number, Batch>();
  /** The last replayed event, with its verdict. */
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
    if (seq < 0 || seq >= this.reader.seqEnd) return null;
    const batch = this.#at(seq);
    const row = seq - batch.seqFirst;
    if (row < 0 || row >= batch.rows) return null;
    this.#cursor.open(batch);
    this.#cursor.moveTo(row);
    return this.#cursor;
  }

  /** The result of the replay up to the position. */
  get result(): ReplayResult {
    return this.#replayer.result();
  }

  /** Verdict of the event before the position; at the beginning as of a stimulus. */
  get verdict(): Verdict {
    return this.#last?.seq === this.position - 1 ? this.#last.verdict : STIMULUS;
  }

  /** Moves to where event `seq` is the next one; positions beyond the ends become the ends. */
  seek(seq: number): void {
    const target = Math.max(0, Math.min(seq, this.reader.seqEnd));
    if (target < this.position) this.#replayer = this.#from(this.#before(target));
    else {
      const nearest = this.#before(target);
      if (nearest.seq > this.position) this.#replayer = this.#from(nearest);
    }
    this.#run(target);
  }

  /**
   * Moves forward until `stop` returns true, or to the end.
   * @param stop called after every event
   * @returns whether it was stopped
   */
  forward(stop: (e: EventCursor, verdict: Verdict, engine: Engine) => boolean): boolean {
    const found = this.#search(this.position, this.reader.seqEnd, stop, true);
    this.seek(found === null ? this.reader.seqEnd : found + 1);
    return found !== null;
  }

  /** Moves back to just after the last event before the position for which `stop` returns true. */
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

  #firstCheckpoint(holds: (checkpoint: Checkpoint) => boolean): number {
    return firstIndex(this.#checkpoints.length, (i) => holds(this.#checkpoints[i]));
  }

  #before(seq: number): Checkpoint {
    const after = this.#firstCheckpoint((checkpoint) => checkpoint.seq > seq);
    return this.#checkpoints[Math.max(0, after - 1)];
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
      // A trace with damaged batches has gaps in its numbering, which are skipped.
      if (replayer.next === before) return;
    }
  }

  #at(seq: number): Batch {
    const { batches } = this.reader;
    const after = firstIndex(batches.length, (i) => batches[i].seqFirst + batches[i].rows > seq);
    const place = batches[Math.min(after, batches.length - 1)];
    const batch = this.#batches.get(place.seqFirst) ?? this.reader.batch(place);
    this.#batches.delete(place.seqFirst);
    this.#batches.set(place.seqFirst, batch);
    this.#forgetBatches();
    return batch;
  }

  /** Releases the least recently used batches. */
  #forgetBatches(): void {
    let decoded = 0;
    for (const { rows } of this.#batches.values()) decoded += rows;
    for (const [first, { rows }] of this.#batches) {
      if (decoded <= DECODED_MAX || this.#batches.size === 1) return;
      this.#batches.delete(first);
      decoded -= rows;
    }
  }

  #keep(): void {
    const { position } = this;
    const at = this.#firstCheckpoint((checkpoint) => checkpoint.seq >= position);
    if (this.#checkpoints[at]?.seq === position) return;
    this.#checkpoints.splice(at, 0, this.#replayer.checkpoint());
    const functions = Math.max(1, this.engine.machine.size);
    const most = Math.min(CHECKPOINTS_MAX, Math.ceil(FUNCTIONS_MAX / functions));
    if (this.#checkpoints.length <= most) return;
    this.#interval *= 2;
    this.#checkpoints = this.#checkpoints.filter(({ seq }) => seq % this.#interval === 0);
  }
}
