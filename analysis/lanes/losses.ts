/** Losses as bands of time. */
import type { Batch, TraceReader } from '../../traces/index.js';
import { eventsOfKind } from '../events-of-kind.js';
import type { LossBand } from './lane.js';

/**
 * The `lost` events of a trace. A band reaches from the last event that the same CPU recorded
 * before, as found in the same batch, to the event of the loss.
 */
export function lossBands(reader: TraceReader, zero: bigint): LossBand[] {
  return Array.from(eventsOfKind(reader, 'lost'), ({ batch, row }) => bandAt(batch, row, zero));
}

function bandAt(batch: Batch, row: number, zero: bigint): LossBand {
  const ts = batch.column('ts');
  const cpu = batch.column('cpu');
  const value = batch.column('value');
  const to = Number(ts.big(row) - zero);
  const own = cpu.has(row) ? cpu.at(row) : null;
  const before = rowBefore(batch, row, own);
  const from = before < 0 ? to : Math.min(to, Number(ts.big(before) - zero));
  return {
    seq: batch.seqFirst + row,
    from,
    to,
    events: value.has(row) ? value.number(row) : null,
    source: batch.column('source').at(row) ?? '',
    cpu: own,
    text: batch.column('text').text(row),
  };
}

/** The last row before one that is of the same CPU; snapshots have no time of their own. */
function rowBefore(batch: Batch, row: number, own: number | null): number {
  const [cpu, kind] = [batch.column('cpu'), batch.column('kind')];
  const snapshot = batch.source.dictionaries.kind.indexOf('snapshot');
  for (let before = row - 1; before >= 0; before--) {
    if (kind.id(before) === snapshot) continue;
    if (own === null || (cpu.has(before) && cpu.at(before) === own)) return before;
  }
  return -1;
}
