/** What all parts of the page share: traces, the time that is shown, the cursor, the filter. */
import type { Status, TraceStatus } from '../page-messages.js';
import { type Span, within } from './time-span.js';

/** The event at the cursor. */
export interface Cursor {
  readonly seq: number;
  readonly at: number;
}

export type Change = 'status' | 'span' | 'cursor' | 'trace' | 'filter';

export class ViewState {
  readonly #listeners: { readonly changes: readonly Change[]; readonly run: () => void }[] = [];
  #status: Status = { version: '', follow: false, traces: [] };
  #span: Span = { from: 0, to: 1 };
  #cursor: Cursor | null = null;
  #trace = 0;
  #filter = '';
  /** The user has chosen a time; until then all of a growing trace is shown. */
  #isChosen = false;

  /** Calls back after each of some changes. */
  on(changes: readonly Change[], run: () => void): void {
    this.#listeners.push({ changes, run });
  }

  get status(): Status {
    return this.#status;
  }

  /** The trace whose events are shown. */
  get trace(): number {
    return this.#trace;
  }

  get current(): TraceStatus | undefined {
    return this.#status.traces[this.#trace];
  }

  get span(): Span {
    return this.#span;
  }

  get cursor(): Cursor | null {
    return this.#cursor;
  }

  /** A condition in SQL; empty for all events. */
  get filter(): string {
    return this.#filter;
  }

  /** The time of all traces, with a little room at its ends. */
  get whole(): Span {
    const end = Math.max(1, ...this.#status.traces.map((trace) => trace.end));
    return { from: -end / 100, to: end + end / 100 };
  }

  setStatus(status: Status): void {
    this.#status = status;
    if (!this.#isChosen) this.#span = this.whole;
    this.#tell('status');
  }

  show(span: Span): void {
    this.#isChosen = true;
    this.#span = within(span, this.whole);
    this.#tell('span');
  }

  showAll(): void {
    this.#isChosen = false;
    this.#span = this.whole;
    this.#tell('span');
  }

  /** Moves the cursor, and the time that is shown when the cursor would be outside. */
  select(trace: number, cursor: Cursor): void {
    if (trace !== this.#trace) {
      this.#trace = trace;
      this.#filter = '';
      this.#tell('trace');
    }
    this.#cursor = cursor;
    const { from, to } = this.#span;
    const { at } = cursor;
    if (at < from || at > to) this.show({ from: at - (to - from) / 2, to: at + (to - from) / 2 });
    this.#tell('cursor');
  }

  setFilter(filter: string): void {
    this.#filter = filter;
    this.#tell('filter');
  }

  #tell(change: Change): void {
    for (const { changes, run } of this.#listeners) if (changes.includes(change)) run();
  }
}
