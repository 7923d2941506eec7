/** Traces as table functions of DuckDB read them: with their strings in DuckDB's memory. */
import {
  type Batch,
  DICT_COLUMNS,
  type DictColumn,
  firstIndex,
  type TraceReader,
} from '../traces/index.js';
import { RepeatedString, StringTable } from './duckdb.js';
import { lostPlaces } from './lost-places.js';

/** A trace, and its name in the column `trace`. */
export interface NamedTrace {
  readonly name: string;
  readonly reader: TraceReader;
}

/** A trace with its dictionaries in DuckDB's memory. */
export interface Source extends NamedTrace {
  /** Where events are missing; found when a query first needs it. */
  readonly lost: () => readonly number[];
  readonly tables: Readonly<Record<DictColumn, StringTable>>;
  readonly nameRows: RepeatedString;
}

/** Copies the strings of a trace to memory of DuckDB. */
export function prepareSource({ name, reader }: NamedTrace): Source {
  const tables = DICT_COLUMNS.map((c) => [c, new StringTable(reader.dictionaries[c])] as const);
  return {
    name,
    reader,
    tables: Object.fromEntries(tables) as Record<DictColumn, StringTable>,
    nameRows: new RepeatedString(name),
    lost: once(() => lostPlaces(reader)),
  };
}

function once<T>(compute: () => T): () => T {
  let value: T | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}

/** At how many places after an event of a batch, or of a later batch, others are missing. */
export function lossesAfter(source: Source, { seqFirst, rows }: Batch): (seq: number) => number {
  const places = source.lost();
  const after = (seq: number) =>
    places.length - firstIndex(places.length, (place) => places[place] > seq);
  // Most batches have no such place, and the same number for all of their events.
  const [first, end] = [after(seqFirst), seqFirst + rows];
  return after(end) === first ? (seq) => (seq <= end ? first : after(seq)) : after;
}
