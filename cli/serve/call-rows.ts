/** The rows of the table: calls with their results, and events that are no calls. */
import { firstIndex } from '../../traces/index.js';
import { formatDuration } from '../format-duration.js';
import { printable } from '../printable.js';
import type { BackgroundWork } from '../tui/background-work.js';
import type { EventRef, EventStore } from '../tui/model/event-store.js';
import type { RegisterAt } from '../tui/model/overview.js';
import { summaryOf } from '../tui/text/event-summary.js';
import { stringOf, textOf } from '../tui/text/event-values.js';
import { resultOf } from '../tui/text/row-line.js';
import type { Place, RowView, RowWindow } from './page-messages.js';
import type { TraceLanes } from './trace-lanes.js';

const none = () => false;

export class CallRows {
  #all: Int32Array = new Int32Array(0);

  constructor(
    private readonly store: EventStore,
    private readonly work: BackgroundWork,
    private readonly lanes: TraceLanes,
    private readonly zero: bigint,
  ) {}

  get registerAt(): RegisterAt {
    return this.work.registerAt;
  }

  /** Positions of all rows that are known so far. */
  get all(): Int32Array {
    const { calls } = this.work;
    const grown = calls.done - this.#indexed;
    // While the trace is read the list is made again when it has doubled.
    if (grown > 0 && (calls.isComplete || grown >= this.#indexed)) {
      this.#all = calls.rows(true, none);
      this.#indexed = calls.done;
    }
    return this.#all;
  }
  #indexed = 0;

  /** Positions of the rows of some events, ascending. */
  of(seqs: Float64Array): Int32Array {
    return this.work.calls.rowsOf(
      Array.from(seqs, (seq) => this.store.positionOf(seq)),
      true,
      none,
    );
  }

  window(rows: Int32Array, first: number, count: number): RowWindow {
    const from = Math.max(0, Math.min(first, rows.length));
    const shown = rows.subarray(from, from + count);
    return { total: rows.length, first: from, rows: Array.from(shown, (at) => this.#view(at)) };
  }

  /** The row of an event, else the next one. */
  placeOf(rows: Int32Array, seq: number): Place {
    const position = this.work.calls.rowOf(this.store.positionOf(seq));
    return this.#place(rows, position);
  }

  /** The first row at a time or after it. */
  placeAt(rows: Int32Array, at: number): Place {
    const ts = this.zero + BigInt(Math.round(at));
    return this.#place(rows, this.store.positionAtTime(ts));
  }

  /** Nanoseconds after zero. */
  timeOf({ batch, row }: EventRef): number {
    return Number(batch.column('ts').big(row) - this.zero);
  }

  #place(rows: Int32Array, position: number): Place {
    const found = firstIndex(rows.length, (i) => rows[i] >= position);
    const row = Math.max(0, Math.min(found, rows.length - 1));
    const ref = rows.length === 0 ? null : this.store.atPosition(rows[row]);
    const place = { row, total: rows.length };
    return ref === null ? { ...place, seq: -1, at: 0 } : { ...place, ...this.#timed(ref) };
  }

  #timed(ref: EventRef): { seq: number; at: number } {
    return { seq: ref.seq, at: this.timeOf(ref) };
  }

  #view(position: number): RowView {
    const { calls } = this.work;
    const begin = this.store.atPosition(position)!;
    const at = calls.endOf(position);
    const end = (at === null ? null : this.store.atPosition(at)) ?? begin;
    const outcome = this.#outcome(position, begin, end);
    return {
      ...this.#timed(begin),
      task: printable(`${stringOf(begin, 'task') ?? ''}-${textOf(begin, 'tid') ?? ''}`),
      device: printable(stringOf(begin, 'device') ?? stringOf(end, 'device') ?? ''),
      depth: calls.ancestors(position).length,
      what: printable(summaryOf(begin, end, this.work.registerAt)),
      ...outcome,
      note: this.noteOf(position),
    };
  }

  #outcome(position: number, begin: EventRef, end: EventRef) {
    const { calls } = this.work;
    const { text, bad } = resultOf(end);
    const took = begin === end ? '' : formatDuration(BigInt(this.timeOf(end) - this.timeOf(begin)));
    if (!calls.begins(position) || calls.endOf(position) !== null)
      return { result: printable(text), took, isBad: bad };
    const isBad = calls.isComplete && calls.isRunning(position);
    const result = isBad ? 'never returned' : calls.isComplete ? 'end not recorded' : '';
    return { result, took, isBad };
  }

  /** What was found about the events of a row. */
  noteOf(position: number): string {
    const end = this.work.calls.endOf(position) ?? position;
    const seqs = [this.store.seqAt(position), this.store.seqAt(end)];
    const races = seqs.flatMap((seq) => this.lanes.raceNotes.get(seq) ?? []);
    const diverged = seqs.some((seq) => this.work.divergenceAt(seq) !== undefined);
    return printable([...races.slice(0, 1), ...(diverged ? ['diverges'] : [])].join('; '));
  }
}
