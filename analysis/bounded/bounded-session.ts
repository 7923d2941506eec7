/** SQL of users over traces, executed in a separate process with limited memory and time. */
import { VfrError } from '../../traces/index.js';
import type { ResultStream } from '../duckdb.js';
import type { NamedTrace } from '../scan-source.js';
import type { TraceError } from '../trace-tables.js';
import { BoundedProcess, type Limits } from './bounded-process.js';
import { type OpenRequest, PIECE_BYTES, type Reply, type Request } from './child-protocol.js';

export interface SessionOptions {
  /** The most bytes of memory that its process may use; at least `MEMORY_MIN`. */
  readonly memory?: number;
  /** The most seconds for one question, without the time for which the reader of the rows waits. */
  readonly seconds?: number;
  /** Traces that the user named and that cannot be used, or only in part. */
  readonly errors?: readonly TraceError[];
}

const MEMORY_DEFAULT = 2e9;
/** With less memory the process does not start on every machine. */
export const MEMORY_MIN = 384e6;
const SECONDS_DEFAULT = 60;
/** Opening the traces does not count as part of a question. */
const START_MS = 120_000;
/** Memory that the process needs without a question: Node, the reader, DuckDB, and their stacks. */
const OWN_BYTES = 224e6;

/** Traces with an SQL interface for one question at a time. */
export class BoundedSession {
  readonly #limits: Limits;
  /** The memory limit that DuckDB gets for its own accounting. */
  readonly #duckdb: string;
  readonly #errors: readonly TraceError[];
  #process: BoundedProcess | null = null;
  /** The answer to the last question. */
  #answer: QueryAnswer | null = null;

  /** @param traces the caller closes them after the session */
  constructor(
    private readonly traces: readonly NamedTrace[],
    { memory = MEMORY_DEFAULT, seconds = SECONDS_DEFAULT, errors = [] }: SessionOptions,
  ) {
    this.#errors = errors;
    // A trace from a pipe is held in the memory of the process as well.
    const held = traces.filter(({ reader }) => reader.source.fd === undefined);
    const bytes = held.reduce((sum, { reader }) => sum + reader.source.size, 0);
    const most = Math.max(MEMORY_MIN, memory);
    this.#limits = { memory: most + bytes, time: seconds * 1000 };
    this.#duckdb = `${Math.floor((most - OWN_BYTES) / 1e6)}MB`;
  }

  /**
   * Runs a query, one SELECT.
   * @throws VfrError `SQL_MISSING` when it is empty, `SQL_FAILED` when DuckDB refuses it,
   * `SQL_FORBIDDEN` when vfr does, `SQL_MEMORY`, `SQL_TIME` and `SQL_CRASH` when it exceeded its
   * limits, or an error of reading the trace
   */
  async query(sql: string): Promise<ResultStream> {
    const answer = await this.#ask({ type: 'query', sql });
    const first = await answer.next();
    const columns = first?.type === 'columns' ? first.columns : [];
    return {
      columns,
      async *chunks() {
        try {
          for (let reply = await answer.next(); reply !== null; reply = await answer.next()) {
            if (reply.type === 'rows') yield reply.rows;
          }
        } finally {
          answer.end();
        }
      },
    };
  }

  /**
   * Checks that a text is one condition on an event and nothing else.
   * @throws VfrError as `query` does
   */
  async requireCondition(sql: string): Promise<void> {
    const answer = await this.#ask({ type: 'condition', sql });
    await answer.next();
  }

  /** Cancels the current question; the code that waits for it gets `SQL_CANCELLED`. */
  cancel(): void {
    this.#answer?.end();
  }

  close(): void {
    this.#process?.stop('closed');
  }

  async #ask(request: Request): Promise<QueryAnswer> {
    const child = this.#process?.stopped === false ? this.#process : await this.#start();
    child.send(request);
    this.#answer = new QueryAnswer(child, new Stopwatch(this.#limits.time));
    return this.#answer;
  }

  async #start(): Promise<BoundedProcess> {
    const child = new BoundedProcess(
      this.#limits,
      this.traces.flatMap(({ reader }) => reader.source.fd ?? []),
    );
    sendTraces(child, this.traces, { memory: this.#duckdb, errors: this.#errors });
    this.#process = child;
    try {
      this.#answer = new QueryAnswer(child, new Stopwatch(START_MS));
      await this.#answer.next();
      return child;
    } catch (error) {
      child.stop('closed');
      throw error;
    }
  }
}

const BREAKING = new Set(['SQL_CRASH', 'SQL_MEMORY']);

/** The replies of a process to one request. */
class QueryAnswer {
  #done = false;

  constructor(
    private readonly process: BoundedProcess,
    private readonly watch: Stopwatch,
  ) {}

  /** The next reply, null at the end. */
  async next(): Promise<Reply | null> {
    if (this.#done) return null;
    const reply = await this.watch.waiting((left) => this.process.next(left));
    this.#done = reply.type === 'end' || reply.type === 'error';
    if (reply.type === 'error') {
      // DuckDB may be broken after either error, and may not answer again.
      if (BREAKING.has(reply.error.code)) this.process.stop('closed');
      const { code, what, next, place } = reply.error;
      throw new VfrError(code, what, next, place);
    }
    return reply.type === 'end' ? null : reply;
  }

  /** A process whose answer is not read to the end is useless. */
  end(): void {
    if (!this.#done) this.process.stop('cancelled');
  }
}

/** Measures the time of a question: waiting for its process, and our own work on its rows. */
class Stopwatch {
  #spent = 0;
  #cpu = process.cpuUsage();

  constructor(private readonly limit: number) {}

  async waiting<T>(work: (left: number) => Promise<T>): Promise<T> {
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#spent += (user + system) / 1000;
    const start = performance.now();
    try {
      return await work(this.limit - this.#spent);
    } finally {
      this.#spent += performance.now() - start;
      this.#cpu = process.cpuUsage();
    }
  }
}

function sendTraces(
  child: BoundedProcess,
  traces: readonly NamedTrace[],
  options: Pick<OpenRequest, 'memory' | 'errors'>,
): void {
  let next = FIRST_INHERITED;
  const sent = traces.map(({ name, reader: { source } }) => ({
    name,
    source: source.name,
    size: source.size,
    fd: source.fd === undefined ? null : next++,
  }));
  child.send({ type: 'open', traces: sent, ...options });
  traces.forEach(({ reader: { source } }, trace) => {
    if (source.fd !== undefined) return;
    for (let at = 0; at < source.size; at += PIECE_BYTES) {
      child.send({ type: 'bytes', trace, bytes: source.read(at, PIECE_BYTES) });
    }
  });
}

/** The files after standard input, output and error. */
const FIRST_INHERITED = 3;
