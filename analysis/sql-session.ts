/**
 * SQL over traces: a database in memory that contains only the traces. It shares memory and time
 * with the program; users' SQL runs in a process of its own, see `bounded/`.
 */
import { availableParallelism as cores } from 'node:os';
import { VfrError, zeroOf } from '../traces/index.js';
import { Database, type ResultStream } from './duckdb.js';
import { eventsOf } from './event-scan.js';
import { type NamedTrace, prepareSource } from './scan-source.js';
import { KEEP_SCHEMA, SessionViews } from './session-views.js';
import { spansOf } from './span-scan.js';
import type { TraceClock } from './sql/definition.js';
import { createBase, TABLES } from './sql/library.js';
import { PARSE_SQL, parserAdvice, requireCondition, requireQuery } from './sql-statement.js';
import { type TraceError, traceTables } from './trace-tables.js';

/**
 * Switches off what user SQL must not do, irreversibly: reading and writing files, loading
 * extensions, accessing the network, and changing these settings.
 */
const LOCK = `
SET enable_external_access = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_community_extensions = false;
SET lock_configuration = true;`;

export interface DatabaseOptions {
  /** The most memory that DuckDB may use by its own accounting, in its notation: `2GB`. */
  readonly memory?: string;
  /** The most threads to use; by default one per processor. */
  readonly threads?: number;
  /** The one file that SQL of vfr may write, by COPY; by default it can write none. */
  readonly output?: string;
  /** Traces that the user named and that cannot be used, or only in part. */
  readonly errors?: readonly TraceError[];
}

const MEMORY_DEFAULT = '2GB';

/** Traces with an SQL interface. */
export class SqlSession {
  readonly #views: SessionViews;

  private constructor(
    private readonly database: Database,
    several: boolean,
  ) {
    this.#views = new SessionViews(database, several);
  }

  /** Opens traces for SQL; the caller closes the traces. */
  static async open(
    traces: readonly NamedTrace[],
    options: DatabaseOptions = {},
  ): Promise<SqlSession> {
    return asVfrError(async () => {
      const { memory = MEMORY_DEFAULT, threads, errors = [] } = options;
      const database = await Database.open({
        memory_limit: memory,
        temp_directory: '',
        ...(threads === undefined ? {} : { threads: `${Math.min(threads, cores())}` }),
      });
      const named = traces.map((trace, i) => ({ ...trace, name: nameOf(traces, i) }));
      const sources = named.map(prepareSource);
      database.register(eventsOf(sources));
      database.register(spansOf(sources));
      for (const table of traceTables(named, errors)) database.register(table);
      const names = [...named.map(({ name }) => name), ...errors.map(({ trace }) => trace)];
      const several = new Set(names).size > 1;
      await database.run(createBase(named.map(clockOf), several));
      await database.run(KEEP_SCHEMA);
      if (options.output !== undefined)
        await database.run(`SET allowed_paths = [${literal(options.output)}]`);
      await database.run(LOCK);
      return new SqlSession(database, several);
    });
  }

  /**
   * Runs SQL and returns the result of its last statement. Text of a user must pass `requireQuery`
   * first.
   * @throws VfrError `SQL_FAILED` when DuckDB refuses it, `SQL_MEMORY` when it needs more memory
   * than allowed, `SQL_CRASH` when DuckDB is broken, or an error of reading the trace
   */
  async query(sql: string): Promise<ResultStream> {
    await asVfrError(() => this.#views.prepare(sql), sql);
    const result = await asVfrError(() => this.database.stream(sql), sql);
    return {
      columns: result.columns,
      async *chunks() {
        const iterator = result.chunks()[Symbol.asyncIterator]();
        for (;;) {
          const next = await asVfrError(() => iterator.next());
          if (next.done === true) return;
          yield next.value;
        }
      },
    };
  }

  /** @throws VfrError when a text is not one SELECT of functions that users may call */
  async requireQuery(sql: string): Promise<void> {
    await requireQuery((text) => this.#parse(text), sql);
  }

  /** @throws VfrError when a text is not one condition of functions that users may call */
  async requireCondition(sql: string): Promise<void> {
    await requireCondition((text) => this.#parse(text), sql);
  }

  close(): void {
    this.database.close();
  }

  async #parse(sql: string): Promise<string> {
    return String(await asVfrError(() => this.database.value(PARSE_SQL, sql)));
  }
}

/** A text in SQL. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const OUT_OF_MEMORY = /^(Out of Memory|.*(bad_alloc|failed to allocate|allocation failure))/i;
/** DuckDB has hit a bug of its own, and does not answer after that. */
const BROKEN = /^(INTERNAL|FATAL) Error/;

/** Converts an error of DuckDB into one of vfr. */
async function asVfrError<T>(work: () => Promise<T>, sql = ''): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VfrError) throw error;
    const what = (error as Error).message.replace(/^Failed to \w+ statements?: /, '').trim();
    const [first] = what.split('\n');
    if (OUT_OF_MEMORY.test(first)) {
      const next = 'Ask for less, or allow more with `vfr sql --memory`.';
      throw new VfrError('SQL_MEMORY', first, next);
    }
    if (BROKEN.test(first)) throw new VfrError('SQL_CRASH', first, 'Ask in another way.');
    throw new VfrError('SQL_FAILED', what, nextStep(what, sql));
  }
}

/** The value of the column `trace`. If a trace is opened twice, the names differ. */
function nameOf(traces: readonly NamedTrace[], i: number): string {
  const { name } = traces[i];
  const before = traces.slice(0, i).filter((trace) => trace.name === name).length;
  return before === 0 ? name : `${name} (${before + 1})`;
}

/** How the times of a trace relate to others. A clock of the wall needs no offset. */
const clockOf = ({ name, reader }: NamedTrace): TraceClock => ({
  name,
  wallOffset: reader.meta.wallOffsetNs ?? (reader.meta.clock === 'realtime' ? 0n : null),
  zero: zeroOf(reader) ?? 0n,
});

function nextStep(message: string, sql: string): string {
  if (message.startsWith('Parser Error')) return parserAdvice(sql);
  if (message.includes('Table with name'))
    return `There are ${TABLES.join(', ')}; docs/sql.md says what is in them.`;
  return 'docs/sql.md lists tables and columns.';
}
