/** SQL of users over traces, asked in a process of its own that is bounded in memory and time. */
import { VfrError } from '../../traces/index.js';
import type { ResultStream } from '../duckdb.js';
import type { NamedTrace } from '../event-scan.js';
import { BoundedProcess, type Limits } from './bounded-process.js';
import { PIECE_BYTES, type Reply, type Request } from './child-protocol.js';

export interface SessionOptions {
  /** Most bytes of memory that its process may use; at least `MEMORY_MIN` are given. */
  readonly memory?: number;
  /** Most seconds that one question may take, the waiting of whoever reads the rows apart. */
  readonly seconds?: number;
}

const MEMORY_DEFAULT = 2e9;
/** Under this the process does not start on every machine. */
export const MEMORY_MIN = 384e6;
const SECONDS_DEFAULT = 60;
/** Opening the traces is no part of a question. */
const START_MS = 120_000;
/** What the process takes without a question: Node, the reader, DuckDB, and their stacks. */
const OWN_BYTES = 224e6;

/** Traces that can be asked questions in SQL, one after the other. */
export class BoundedSession {
  readonly #limits: Limits;
  /** The part of the memory that DuckDB gets by its own count. */
  readonly #duckdb: string;
  #process: BoundedProcess | null = null;
  /** To the question that was asked last. */
  #answer: Answer | null = null;

  /** @param traces stay the caller's to close, after the session */
  constructor(
    private readonly traces: readonly NamedTrace[],
    { memory = MEMORY_DEFAULT, seconds = SECONDS_DEFAULT }: SessionOptions,
  ) {
    // A trace that came by a pipe is held in memory there, too.
    const held = traces.filter(({ reader }) => reader.source.fd === undefined);
    const bytes = held.reduce((sum, { reader }) => sum + reader.source.size, 0);
    const most = Math.max(MEMORY_MIN, memory);
    this.#limits = { memory: most + bytes, time: seconds * 1000 };
    this.#duckdb = `${Math.floor((most - OWN_BYTES) / 1e6)}MB`;
  }

  /**
   * Runs a query, one SELECT.
   * @throws VfrError `SQL_MISSING` when there is none, `SQL_FAILED` when DuckDB refuses it,
   *   `SQL_FORBIDDEN` when vfr does, `SQL_MEMORY`, `SQL_TIME` and `SQL_CRASH` when it went beyond
   *   its bounds, or what reading the trace throws
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
   * Makes sure that a text is one condition on an event and nothing else.
   * @throws VfrError as `query` does
   */
  async requireCondition(sql: string): Promise<void> {
    const answer = await this.#ask({ type: 'condition', sql });
    await answer.next();
  }

  /** Ends the question that is being answered; whoever waits for it gets `SQL_CANCELLED`. */
  cancel(): void {
    this.#answer?.end();
  }

  close(): void {
    this.#process?.stop('closed');
  }

  async #ask(request: Request): Promise<Answer> {
    const child = this.#process?.stopped === false ? this.#process : await this.#start();
    child.send(request);
    this.#answer = new Answer(child, new Stopwatch(this.#limits.time));
    return this.#answer;
  }

  async #start(): Promise<BoundedProcess> {
    const child = start(this.traces, this.#limits, this.#duckdb);
    this.#process = child;
    try {
      this.#answer = new Answer(child, new Stopwatch(START_MS));
      await this.#answer.next();
      return child;
    } catch (error) {
      child.stop('closed');
      throw error;
    }
  }
}

const BREAKING = new Set(['SQL_CRASH', 'SQL_MEMORY']);

/** What a process replies to a request. */
class Answer {
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
      // DuckDB may be broken after either, and answer nothing more.
      if (BREAKING.has(reply.error.code)) this.process.stop('closed');
      const { code, what, next, place } = reply.error;
      throw new VfrError(code, what, next, place);
    }
    return reply.type === 'end' ? null : reply;
  }

  /** A process whose answer nobody reads to the end is of no more use. */
  end(): void {
    if (!this.#done) this.process.stop('cancelled');
  }
}

/** Counts what a question takes: waiting for its process, and our own work on its rows. */
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

function start(traces: readonly NamedTrace[], limits: Limits, memory: string): BoundedProcess {
  const fds = traces.flatMap(({ reader }) => reader.source.fd ?? []);
  const child = new BoundedProcess(limits, fds);
  let next = FIRST_INHERITED;
  const sent = traces.map(({ name, reader: { source } }) => ({
    name,
    source: source.name,
    size: source.size,
    fd: source.fd === undefined ? null : next++,
  }));
  child.send({ type: 'open', traces: sent, memory });
  traces.forEach(({ reader: { source } }, trace) => {
    if (source.fd !== undefined) return;
    for (let at = 0; at < source.size; at += PIECE_BYTES) {
      child.send({ type: 'bytes', trace, bytes: source.read(at, PIECE_BYTES) });
    }
  });
  return child;
}

/** The files after standard input, output and error. */
const FIRST_INHERITED = 3;
