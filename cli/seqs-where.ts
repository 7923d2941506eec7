/** Events that satisfy an SQL condition, by number. */
import type { TraceReader } from '../traces/index.js';
import { where } from './sql-condition.js';

/**
 * Sequence numbers of the events for which `condition` holds, ascending.
 * @throws VfrError when the condition is refused
 */
export async function seqsWhere(
  file: string,
  reader: TraceReader,
  condition: string,
): Promise<number[]> {
  const { openSession } = await import('../analysis/index.js');
  const session = await openSession([{ name: file, reader }]);
  try {
    await session.requireCondition(condition);
    const sql = `SELECT seq FROM events ${where(condition)} ORDER BY seq`;
    const seqs: number[] = [];
    for await (const rows of (await session.query(sql)).chunks()) {
      for (const [seq] of rows) seqs.push(Number(seq));
    }
    return seqs;
  } finally {
    session.close();
  }
}
