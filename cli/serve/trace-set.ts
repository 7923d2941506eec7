/** All traces of the server, and SQL over them. */
import { describeTables, type SessionOptions } from '../../analysis/index.js';
import { type ByteSource, TraceReader } from '../../traces/index.js';
import { GrowingSession } from '../growing-session.js';
import { version } from '../package.js';
import { printable } from '../printable.js';
import { cell } from '../row-text.js';
import { followed } from '../tui/growing-trace.js';
import type { SqlView, Status, Tables } from './page-messages.js';
import { ServedTrace } from './served-trace.js';
import { TraceLanes } from './trace-lanes.js';

/** Rows of a result that are sent. */
const ROWS_MAX = 5000;

export interface SetOptions extends SessionOptions {
  /** The file of vfr. */
  readonly program: string;
  readonly follow: boolean;
}

export class TraceSet {
  readonly #traces: ServedTrace[];
  readonly #lanes: readonly TraceLanes[];
  readonly #session: GrowingSession;
  readonly #ended = new AbortController();

  constructor(
    readers: readonly TraceReader[],
    private readonly options: SetOptions,
  ) {
    this.#lanes = readers.map(() => new TraceLanes(options.program));
    this.#traces = readers.map((reader, i) => this.#served(reader, i, 0));
    this.#session = new GrowingSession(() => this.#traces.map(({ reader }) => reader), options);
  }

  /** Begins to compute what takes long, and to follow traces that are being recorded. */
  start(): void {
    for (const i of this.#traces.keys()) void this.#work(i);
  }

  status(): Status {
    const traces = this.#traces.map((trace) => trace.status());
    return { version: version(), follow: this.options.follow, traces };
  }

  /** Undefined when there is no such trace. */
  at(index: number): ServedTrace | undefined {
    return this.#traces[index];
  }

  tables(): Tables {
    return Object.fromEntries(
      describeTables().map(({ name, columns }) => [name, columns.map((column) => column.name)]),
    );
  }

  /** @throws VfrError as `vfr sql` does */
  async sql(query: string): Promise<SqlView> {
    const started = performance.now();
    const session = await this.#session.open();
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
    this.#session.cancel();
    for (const trace of this.#traces) trace.cancel();
  }

  close(): void {
    this.#ended.abort();
    this.#session.close();
    for (const lanes of this.#lanes) lanes.close();
    for (const trace of this.#traces) {
      trace.close();
      trace.reader.close();
    }
  }

  #served(reader: TraceReader, i: number, generation: number): ServedTrace {
    // A trace that has an end is not being recorded any more.
    const isGrowing = this.options.follow && reader.end === null;
    const { program } = this.options;
    return new ServedTrace(reader, program, this.#lanes[i], { isGrowing, generation });
  }

  async #work(i: number): Promise<void> {
    const trace = this.#traces[i];
    try {
      await trace.compute();
      if (!trace.isGrowing) return;
      const { signal } = this.#ended;
      const whole = await followed(trace.reader, (reader) => this.#grow(trace, reader), signal);
      if (whole !== null) this.#replace(i, whole);
    } catch (error) {
      trace.fail(error as Error);
    }
  }

  #grow(trace: ServedTrace, reader: TraceReader): Promise<void> {
    this.#session.grow();
    return trace.grow(reader);
  }

  /** Shows a trace whose recording has ended as any other. @param whole the same open file */
  #replace(i: number, whole: ByteSource): void {
    const before = this.#traces[i];
    before.close();
    this.#traces[i] = this.#served(new TraceReader(whole), i, before.generation + 1);
    this.#session.grow();
    void this.#work(i);
  }
}
