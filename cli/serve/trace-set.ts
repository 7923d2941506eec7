/** All traces of the server, and SQL over them. */
import {
  type BoundedSession,
  describeTables,
  openSession,
  type SessionOptions,
} from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { version } from '../package.js';
import { printable } from '../printable.js';
import { cell } from '../row-text.js';
import type { SqlView, Status, Tables } from './page-messages.js';
import { ServedTrace } from './served-trace.js';

/** Rows of a result that are sent. */
const ROWS_MAX = 5000;

export interface SetOptions extends SessionOptions {
  /** The file of vfr. */
  readonly program: string;
  readonly follow: boolean;
}

export class TraceSet {
  readonly #traces: ServedTrace[];
  #session: BoundedSession | null = null;

  constructor(
    readers: readonly TraceReader[],
    private readonly options: SetOptions,
  ) {
    this.#traces = readers.map((reader) => new ServedTrace(reader, options.program, 0, null));
  }

  /** Begins to compute what takes long. */
  start(): void {
    for (const trace of this.#traces) void trace.compute();
  }

  status(): Status {
    const traces = this.#traces.map((trace) => trace.status());
    return { version: version(), follow: this.options.follow, traces };
  }

  /** Undefined when there is no such trace. */
  at(index: number): ServedTrace | undefined {
    return this.#traces[index];
  }

  get readers(): readonly TraceReader[] {
    return this.#traces.map(({ reader }) => reader);
  }

  /** Replaces a trace by what its file has now. */
  replace(index: number, reader: TraceReader): void {
    const before = this.#traces[index];
    const { generation } = before;
    const trace = new ServedTrace(reader, this.options.program, generation + 1, before);
    this.#traces[index] = trace;
    before.close();
    // The next query has the new events.
    this.#session?.close();
    this.#session = null;
    void trace.compute();
  }

  tables(): Tables {
    return Object.fromEntries(
      describeTables().map(({ name, columns }) => [name, columns.map((column) => column.name)]),
    );
  }

  /** @throws VfrError as `vfr sql` does */
  async sql(query: string): Promise<SqlView> {
    const started = performance.now();
    const session = await this.#open();
    const result = await session.query(query);
    const rows: string[][] = [];
    const view = (more: boolean): SqlView => ({
      columns: result.columns.map(printable),
      rows,
      more,
      milliseconds: Math.round(performance.now() - started),
    });
    for await (const chunk of result.chunks())
      for (const row of chunk) {
        if (rows.length === ROWS_MAX) return view(true);
        rows.push(row.map((value) => (value === null ? '' : printable(cell(value)))));
      }
    return view(false);
  }

  /** Leaves the processor to answers for a moment. */
  rest(): void {
    for (const trace of this.#traces) trace.rest();
  }

  /** Ends the query, the search and the explanation that are under way. */
  cancel(): void {
    this.#session?.cancel();
    for (const trace of this.#traces) trace.cancel();
  }

  close(): void {
    this.#session?.close();
    for (const trace of this.#traces) trace.close();
  }

  async #open(): Promise<BoundedSession> {
    const named = this.readers.map((reader) => ({ name: reader.source.name, reader }));
    this.#session ??= await openSession(named, this.options);
    return this.#session;
  }
}
