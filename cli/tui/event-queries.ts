import type { BoundedSession, Why } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { GrowingSession } from '../growing-session.js';
import { cell } from '../row-text.js';
import { where } from '../sql-condition.js';
import type { Compare, Explain } from './explain-and-compare.js';
import type { Compared } from './model/beside.js';
import type { SqlResult } from './model/browser.js';
import { eventsWith } from './model/search.js';
import { SeqList } from './model/seq-list.js';
import { openOther } from './other-trace.js';

/** Rows of a result that are kept; nobody reads more on a screen. */
const ROWS_MAX = 2000;

/** Explains and compares; null where no program for it can be started. */
export interface Programs {
  readonly explain: Explain;
  readonly compare: Compare;
}

/**
 * Finds events, one question at a time. The first one in SQL starts DuckDB, in a process of its
 * own.
 */
export class EventQueries {
  readonly #session = new GrowingSession(() => [this.reader]);
  #other: Compared | null = null;
  /** Aborts the work in progress. */
  #abort = new AbortController();

  constructor(
    private reader: TraceReader,
    private readonly programs: Programs | null = null,
  ) {}

  /**
   * Sequence numbers of the events that satisfy an SQL condition, ascending.
   * @throws VfrError when the condition is invalid, or needs more time or memory than allowed
   */
  async where(condition: string): Promise<Float64Array> {
    const session = await this.#open();
    const { signal } = this.#abort;
    await session.requireCondition(condition);
    signal.throwIfAborted();
    const result = await session.query(`SELECT seq FROM events ${where(condition)}`);
    const found = new SeqList();
    for await (const rows of result.chunks()) for (const [seq] of rows) found.push(Number(seq));
    return found.values;
  }

  /**
   * The rows of a query, as texts.
   * @throws VfrError as `where` does
   */
  async rows(sql: string): Promise<SqlResult> {
    const session = await this.#open();
    const result = await session.query(sql);
    const rows: string[][] = [];
    for await (const chunk of result.chunks()) {
      for (const row of chunk) {
        if (rows.length === ROWS_MAX) return { sql, columns: result.columns, rows, more: true };
        rows.push(row.map((value) => (value === null ? '' : cell(value))));
      }
    }
    return { sql, columns: result.columns, rows, more: false };
  }

  /** Sequence numbers of the events with a text in one of their strings, ignoring case. */
  containing(text: string): Promise<Float64Array> {
    return eventsWith(this.reader, text, this.#abort.signal);
  }

  /** What a search in the trace finds; `cancel` aborts its signal. */
  story<T>(search: (reader: TraceReader, signal: AbortSignal) => Promise<T>): Promise<T> {
    return search(this.reader, this.#abort.signal);
  }

  /** Why an event happened. The chain is empty where it cannot be asked. */
  async explain(seq: number): Promise<Why> {
    if (this.programs === null) return { seq, known: false, chain: [] };
    return this.programs.explain(seq, this.#abort.signal);
  }

  /**
   * Another trace, and what differs in it.
   * @throws when it cannot be read, or this trace is in no file
   */
  async compare(file: string): Promise<Compared> {
    if (this.programs === null)
      throw new Error('A trace from a pipe cannot be compared: write it to a file first.');
    const other = await openOther(file, this.programs.compare, this.#abort.signal);
    this.#other?.store.reader.close();
    this.#other = other;
    return other;
  }

  /** Asks about a trace that has grown; the next question in SQL opens it again. */
  grow(reader: TraceReader): void {
    this.reader = reader;
    this.#session.grow();
  }

  /** Cancels the work in progress; the code that waits for it gets an error. */
  cancel(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#session.cancel();
  }

  close(): void {
    this.#abort.abort();
    this.#session.close();
    this.#other?.store.reader.close();
  }

  /** @throws when the work was cancelled while the session was opened */
  async #open(): Promise<BoundedSession> {
    const { signal } = this.#abort;
    const session = await this.#session.open();
    signal.throwIfAborted();
    return session;
  }
}
