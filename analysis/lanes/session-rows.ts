/** Rows of a query of vfr itself as objects. */
import type { SqlSession } from '../sql-session.js';

/**
 * All rows of a query; use it only where the query bounds their number.
 * @throws VfrError when the trace cannot be read
 */
export async function rowsOf<T>(session: Pick<SqlSession, 'query'>, sql: string): Promise<T[]> {
  const result = await session.query(sql);
  const rows: T[] = [];
  for await (const chunk of result.chunks())
    for (const row of chunk)
      rows.push(Object.fromEntries(result.columns.map((name, i) => [name, row[i]])) as T);
  return rows;
}
