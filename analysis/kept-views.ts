/**
 * Views of the library whose rows a session keeps. Who asks a view once gets its rows straight from
 * the trace; who asks it again will ask more, and from then on nothing is read or joined anew.
 */
import type { Database } from './duckdb.js';
import { LIBRARY } from './sql/library.js';

const VIEWS = LIBRARY.filter(({ type }) => type === 'view').map(({ name }) => name);

/** Keeps rows compressed: an eighth of what they take in a table as DuckDB makes it in memory. */
export const KEEP_SCHEMA = `ATTACH ':memory:' AS kept (COMPRESS)`;

export class KeptViews {
  readonly #asked = new Set<string>();
  readonly #settled = new Set<string>();

  /** @param database in which the library and `KEEP_SCHEMA` are */
  constructor(private readonly database: Database) {}

  /** Called with each question before it is asked. */
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
      // Too many rows for the memory, or a trace that cannot be read: the question itself will
      // tell, or be answered without.
    }
  }
}

/** The views that a question names, or seems to: more than it asks costs time, nothing else. */
function viewsIn(sql: string): string[] {
  const bare = sql.toLowerCase().replace(/'[^']*'|--.*/g, ' ');
  const words = new Set(bare.match(/\w+/g));
  return VIEWS.filter((view) => words.has(view));
}
