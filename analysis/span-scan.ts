/** The spans of one or several traces, each begin with its end, as a table function of DuckDB. */
import { COLUMNS } from '../traces/index.js';
import type { ScanFunction } from './duckdb.js';
import { BatchScan } from './event-scan.js';
import { OpenBatch } from './open-batch.js';
import { openWanted, pickKinds, splitEnds } from './pick-rows.js';
import {
  type EndColumn,
  EVENT_COLUMNS,
  LOST_AFTER,
  sqlColumn,
  type Wanted,
} from './scan-columns.js';
import type { Source } from './scan-source.js';
import { BatchEnds, FarEnds } from './span-ends.js';

/** What the end of a span may say that its begin does not. */
const OF_END = ['seq', 'ts', 'value', 'ret', 'device', 'driver'];

const END_COLUMNS = [...COLUMNS.filter(({ name }) => OF_END.includes(name)), LOST_AFTER].map(
  (column): EndColumn => ({ of: 'end', column: column as EndColumn['column'] }),
);

const SPAN_COLUMNS: readonly Wanted[] = [...EVENT_COLUMNS, ...END_COLUMNS];

/**
 * The table function `spans_of(kinds)`: the events of these kinds, or of all kinds for null, that
 * end no other one, in the order of the traces. The columns are those of `events_of`, and those of
 * its end, `end_seq`, `end_ts`, …, which are null if it has none. A join of the events with
 * themselves gives the same and takes several times as long.
 */
export function spansOf(sources: readonly Source[]): ScanFunction {
  return {
    name: 'spans_of',
    columns: SPAN_COLUMNS.map(sqlColumn),
    rows: sources.reduce((sum, { reader }) => sum + reader.events, 0) / 2,
    open: (kinds, columns) => {
      const wanted = columns.map((i) => SPAN_COLUMNS[i]);
      const ends = wanted.filter((column) => typeof column === 'object' && 'of' in column);
      const far = new Map<Source, FarEnds>();
      return new BatchScan(sources, kinds, (source, flags, info, memory) => {
        const batch = openWanted(source.reader, info, flags, memory);
        if (batch === null) return null;
        const rows = splitEnds(batch, pickKinds(batch, flags));
        if (ends.length === 0) return new OpenBatch(source, batch, rows.others, wanted);
        const later = far.get(source) ?? new FarEnds(source, flags, ends);
        far.set(source, later);
        const ended = new BatchEnds(source, batch, rows, later);
        return new OpenBatch(source, batch, rows.others, wanted, ended);
      });
    },
  };
}
