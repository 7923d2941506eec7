/**
 * The views of the library in a session. A view is created when a query first names it, because
 * creating all takes longer than most queries. The first query of a view reads the trace; from the
 * second on, its rows are kept.
 */
import type { Database } from './duckdb.js';
import { createView, LIBRARY, viewsNeeded } from './sql/library.js';

/** All names of views. */
const VIEWS: readonly string[] = LIBRARY.flatMap(({ type, name }) =>
  type === 'view' ? [name] : [],
);

/** Compresses the rows to an eighth of the size of a table in memory. */
export const KEEP_SCHEMA = `ATTACH ':memory:' AS kept (COMPRESS)`;

/** Statements that list the tables. */
const LISTS = /\bshow\b|^\s*desc(?:ribe)?\s*;?\s*$/i;

export class SessionViews {
  readonly #created = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #settled = new Set<string>();

  /**
   * @param database has the macros and `KEEP_SCHEMA`
   * @param several whether several traces were named
   */
  constructor(
    private readonly database: Database,
    private readonly several: boolean,
  ) {}

  /** Called with each query before it runs. */
  async prepare(sql: string): Promise<void> {
    const named = viewsIn(sql);
    await this.#create(LISTS.test(sql) ? new Set(VIEWS) : new Set(named));
    for (const view of named) {
      if (this.#asked.has(view) && !this.#settled.has(view)) await this.#keep(view);
      this.#asked.add(view);
    }
  }

  async #create(names: ReadonlySet<string>): Promise<void> {
    for (const view of viewsNeeded(names)) {
      if (this.#created.has(view.name)) continue;
      await this.database.run(createView(view, this.several));
      this.#created.add(view.name);
    }
  }

  async #keep(view: string): Promise<void> {
    this.#settled.add(view);
    try {
      await this.database.run(`CREATE TABLE kept.${view} AS FROM lib.${view}`);
      await this.database.run(`CREATE OR REPLACE VIEW lib.${view} AS FROM kept.${view}`);
      await this.database.run('CHECKPOINT kept');
    } catch {
      // There are too many rows for the memory, or the trace cannot be read. The query itself will
      // report that, or succeed without the kept rows.
    }
  }
}

/** The views that a query names or seems to name; a false hit only costs time. */
function viewsIn(sql: string): string[] {
  const bare = sql.toLowerCase().replace(/'[^']*'|--.*/g, ' ');
  const words = new Set(bare.match(/\w+/g));
  return VIEWS.filter((view) => words.has(view));
}
