/**
 * Views of the library whose rows a session keeps. The first query of a view reads the trace. From
 * the second on, its rows are materialised.
 */
import type { Database } from './duckdb.js';
import { LIBRARY } from './sql/library.js';

const VIEWS = LIBRARY.filter(({ type }) => type === 'view').map(({ name }) => name);

/** Compresses the rows to an eighth of the size of a table in memory. */
export const KEEP_SCHEMA = `ATTACH ':memory:' AS kept (COMPRESS)`;

export class KeptViews {
  readonly #asked = new Set<string>();
  readonly #settled = new Set<string>();

  /** @param database has the library and `KEEP_SCHEMA` */
  constructor(private readonly database: Database) {}

  /** Called with each query before it runs. */
  async prepare(sql: string): Promise<void> {
    for (const view of viewsIn(sql)) {
      if (this.#asked.has(view) && !this.#settled.has(view)) await this.#keep(view);
      this.#asked.add(view);
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
