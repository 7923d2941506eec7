import type { BoundedSession, Race } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { formatDuration } from '../format-duration.js';
import { where } from '../sql-condition.js';
import type { Search } from './browser.js';
import { eventsWith } from './search.js';
import { SeqList } from './seq-list.js';

/**
 * Finds the events that satisfy a condition, one query at a time. The first one starts DuckDB, in a
 * process of its own.
 */
export class EventQueries {
  #session: BoundedSession | null = null;
  /** Aborts the work in progress. */
  #abort = new AbortController();

  constructor(private readonly reader: TraceReader) {}

  /**
   * Sequence numbers of the events that satisfy an SQL condition, ascending.
   * @throws VfrError when the condition is invalid, or needs more time or memory than allowed
   */
  async where(condition: string): Promise<Float64Array> {
    const { signal } = this.#abort;
    const session = await this.#open();
    signal.throwIfAborted();
    await session.requireCondition(condition);
    signal.throwIfAborted();
    const result = await session.query(`SELECT seq FROM events ${where(condition)}`);
    const found = new SeqList();
    for await (const rows of result.chunks()) for (const [seq] of rows) found.push(Number(seq));
    return found.values;
  }

  /** Sequence numbers of the events with a text in one of their strings, ignoring case. */
  containing(text: string): Promise<Float64Array> {
    return eventsWith(this.reader, text, this.#abort.signal);
  }

  /** The events that are one side of a race, with a description of the other side. */
  async races(): Promise<Search> {
    const { races } = await import('../../analysis/index.js');
    const notes = new Map(races(this.reader).races.flatMap(notesOf));
    const seqs = Float64Array.from(notes.keys()).sort();
    return { what: 'a race', seqs, notes };
  }

  /** Cancels the work in progress; the code that waits for it gets an error. */
  cancel(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#session?.cancel();
  }

  close(): void {
    this.#abort.abort();
    this.#session?.close();
  }

  async #open(): Promise<BoundedSession> {
    const { openSession } = await import('../../analysis/index.js');
    this.#session ??= await openSession([{ name: this.reader.source.name, reader: this.reader }]);
    return this.#session;
  }
}

function notesOf({ first, second, windowNs, outcome }: Race): [number, string][] {
  const apart = formatDuration(windowNs);
  return [
    [first.seq, `races with ${second.seq} (${second.what}), ${apart} apart: ${outcome}`],
    [second.seq, `races with ${first.seq} (${first.what}), ${apart} apart: ${outcome}`],
  ];
}
