/** SQL over traces: a database in memory in which there are the traces and nothing else. */
import { VfrError } from '../traces/index.js';
import { Database, type ResultStream } from './duckdb.js';
import { eventsOf, type NamedTrace } from './event-scan.js';
import { KEEP_SCHEMA, KeptViews } from './kept-views.js';
import { createLibrary, LIBRARY } from './sql/library.js';

/**
 * What user SQL must not do is switched off here and cannot be switched on again: reading and
 * writing files, loading extensions, reaching the network, and changing any of this.
 */
const LOCK = `
SET enable_external_access = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_community_extensions = false;
SET lock_configuration = true;`;

export interface SessionOptions {
  /** Most memory that DuckDB may use, as it spells it: `2GB`. */
  readonly memory?: string;
}

const MEMORY_DEFAULT = '2GB';

/** Traces that can be asked questions in SQL. */
export class Session {
  readonly #kept: KeptViews;

  private constructor(private readonly database: Database) {
    this.#kept = new KeptViews(database);
  }

  /** Opens traces for questions; the traces stay the caller's to close. */
  static async open(traces: readonly NamedTrace[], options: SessionOptions = {}): Promise<Session> {
    return tell(async () => {
      const database = await Database.open({
        memory_limit: options.memory ?? MEMORY_DEFAULT,
        temp_directory: '',
      });
      database.register(
        eventsOf(traces.map((trace, i) => ({ ...trace, name: nameOf(traces, i) }))),
      );
      await database.run(createLibrary(traces.length > 1));
      await database.run(KEEP_SCHEMA);
      await database.run(LOCK);
      return new Session(database);
    });
  }

  /**
   * Runs SQL; the result is that of its last statement.
   * @throws VfrError `SQL_MISSING` when there is none, `SQL_FAILED` when DuckDB refuses it,
   *   `SQL_FORBIDDEN` when vfr does, or what reading the trace throws
   */
  async query(sql: string): Promise<ResultStream> {
    refuseLogging(sql);
    requireStatement(sql);
    await this.#kept.prepare(sql);
    const result = await tell(() => this.database.stream(sql), sql);
    return {
      columns: result.columns,
      async *chunks() {
        const iterator = result.chunks()[Symbol.asyncIterator]();
        for (;;) {
          const next = await tell(() => iterator.next());
          if (next.done === true) return;
          yield next.value;
        }
      },
    };
  }

  close(): void {
    this.database.close();
  }
}

/** Says an error of DuckDB as one of vfr. */
async function tell<T>(work: () => Promise<T>, sql = ''): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VfrError) throw error;
    const what = (error as Error).message.replace(/^Failed to \w+ statements?: /, '').trim();
    throw new VfrError('usage', 'SQL_FAILED', what, nextStep(what, sql));
  }
}

/** What the column `trace` says; a trace that is opened twice is told apart from itself. */
function nameOf(traces: readonly NamedTrace[], i: number): string {
  const { name } = traces[i];
  const before = traces.slice(0, i).filter((trace) => trace.name === name).length;
  return before === 0 ? name : `${name} (${before + 1})`;
}

/**
 * DuckDB 1.5 lets a locked instance switch on logging to a file. It then writes nothing, since
 * files are out of reach, but ends the process when the instance is closed.
 */
function refuseLogging(sql: string): void {
  if (!/enable_logging/i.test(sql)) return;
  const next = 'Leave enable_logging out of the query.';
  throw new VfrError('usage', 'SQL_FORBIDDEN', 'logging cannot be switched on', next);
}

/** DuckDB has no words for a query that is empty. */
function requireStatement(sql: string): void {
  if (/[^\s;]/.test(sql.replace(/--.*|\/\*[\s\S]*?\*\//g, ''))) return;
  const next = 'Give it after the trace, as one argument, or with -f.';
  throw new VfrError('usage', 'SQL_MISSING', 'there is no query', next);
}

const VIEWS = LIBRARY.filter(({ type }) => type === 'view').map(({ name }) => name);

function nextStep(message: string, sql: string): string {
  if (message.startsWith('Parser Error') && /(?<!")\boffset\b(?!")/i.test(sql))
    return 'Quote the column as "offset": SQL has this keyword.';
  if (message.includes('Table with name'))
    return `There are events, ${VIEWS.join(', ')}; docs/sql.md says what is in them.`;
  if (message.startsWith('Out of Memory')) return 'Ask for less, or allow more with --memory.';
  return 'docs/sql.md lists tables and columns.';
}
