/** Lanes: the driver of each device over time, with the time of the cursor. */
import type { Known } from '../../../analysis/index.js';
import type { EventStore } from '../model/event-store.js';
import { cells } from '../text/cell-text.js';
import type { Paint } from '../text/theme.js';
import { columnOf, columnSeqs, DriverLetters } from './lane-text.js';
import type { Stage, WorkStatus } from './view.js';

export interface LaneText {
  /** A character for each column. */
  readonly cells: string;
  /** The driver at the end, in words. */
  readonly last: string;
}

/** Stages before the states of the devices are known. */
const UNKNOWN: ReadonlySet<Stage> = new Set<Stage>(['checks', 'calls', 'states']);

/** Cells for the address before a lane of `body`. */
const LEFT = 13;

export class Lanes {
  readonly #letters = new DriverLetters();
  /** By width: finding the events of times reads the trace. */
  readonly #seqs = new Map<number, Float64Array>();
  readonly #lanes = new Map<string, LaneText>();
  /** Length of the recording in nanoseconds. */
  readonly span: bigint;

  constructor(
    private readonly store: EventStore,
    readonly start: bigint,
    private readonly work: WorkStatus,
  ) {
    const last = store.reader.batches.reduce(
      (ts, { stats }) => (stats.tsMax > ts ? stats.tsMax : ts),
      start,
    );
    this.span = last - start;
  }

  get legend(): string {
    return this.#letters.legend;
  }

  /** The lane of a device; it is blank while the states are not known yet. */
  laneOf(device: string, width: number): LaneText {
    const key = `${device} ${width}`;
    const had = this.#lanes.get(key);
    if (had !== undefined) return had;
    if (UNKNOWN.has(this.work.stage) || this.store.length === 0)
      return { cells: ' '.repeat(width), last: '' };
    const seqs = this.#seqsOf(width);
    const states = Array.from(seqs, (seq) => this.work.stateAt(device, seq));
    const text = states.map((known) => this.#letters.letterOf(known)).join('');
    const lane = { cells: text, last: wordsOf(states.at(-1)) };
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Lines of lanes with the column of an event marked, and the legend. */
  body(
    devices: readonly string[],
    seq: number | null,
    [width, height]: readonly [width: number, height: number],
    paint: Paint,
  ): string[] {
    const lane = Math.max(1, width - LEFT);
    const at = seq === null || this.store.length === 0 ? -1 : columnOf(this.#seqsOf(lane), seq);
    const lines = devices.slice(0, height - 1).map((device) => {
      const text = this.laneOf(device, lane).cells;
      const mark = at < 0 ? '' : paint('cursor', text.slice(at, at + 1));
      return (
        paint('device', cells(device, LEFT)) +
        text.slice(0, Math.max(0, at)) +
        mark +
        text.slice(at + 1)
      );
    });
    const legend = cells(`${' '.repeat(LEFT)}${this.legend}  - no driver  · not known`, width);
    return [...lines, paint('dim', legend)];
  }

  /** The last event of the time of a column of `body`. */
  seqAt(column: number, width: number): number | null {
    const seqs = this.#seqsOf(Math.max(1, width - LEFT));
    return seqs[column - LEFT] ?? null;
  }

  #seqsOf(width: number): Float64Array {
    let seqs = this.#seqs.get(width);
    if (seqs === undefined) {
      seqs = columnSeqs(this.store, this, width);
      this.#seqs.set(width, seqs);
    }
    return seqs;
  }
}

function wordsOf(known: Known | undefined): string {
  if (known === undefined || known === null) return '';
  return known === 'absent' ? 'removed' : (known.driver ?? 'no driver');
}
