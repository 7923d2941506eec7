/** Runs an importer on bytes and gives the events as objects, for tests. */
import type { Importer, ImportReport } from '../recorder/import/importer.js';
import type { Input } from '../recorder/import/input-stream.js';
import {
  type ColumnName,
  type DictColumn,
  MemorySink,
  MemorySource,
  TraceReader,
  TraceWriter,
} from '../traces/index.js';
import { BIGS, INTS, STRINGS } from './build-trace.js';

/** One event; a column that is null is left out. */
export interface ImportedRow {
  seq: number;
  ts: bigint;
  source: string;
  kind: string;
  phase: string;
  tid?: number;
  pid?: number;
  cpu?: number;
  region?: number;
  span?: number;
  offset?: bigint;
  length?: bigint;
  value?: bigint;
  ret?: bigint;
  task?: string;
  device?: string;
  driver?: string;
  path?: string;
  name?: string;
  data?: Buffer;
  text?: string;
}

export interface Imported {
  readonly report: ImportReport;
  readonly rows: readonly ImportedRow[];
}

/** An input that holds `bytes` and hands them out in chunks of `chunkBytes`. */
export function inputOf(bytes: Buffer, chunkBytes = 1 << 20, name = 'input'): Input {
  return {
    name,
    size: bytes.byteLength,
    head: bytes.subarray(0, 1 << 16),
    *chunks() {
      for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
        yield bytes.subarray(at, at + chunkBytes);
      }
    },
  };
}

export function importBytes(
  importer: Importer,
  bytes: Buffer,
  chunkBytes?: number,
  name?: string,
): Imported {
  const input = inputOf(bytes, chunkBytes, name);
  const sink = new MemorySink();
  const meta = { ...importer.meta(input), writer: 'vfr test', notes: {} };
  const writer = new TraceWriter(sink, meta, { batchRows: 4096, level: 1 });
  const report = importer.read(input, writer.events);
  writer.finish();
  return { report, rows: rowsOf(sink.bytes()) };
}

/** All events of a trace as objects. */
export function rowsOf(trace: Buffer): ImportedRow[] {
  const reader = new TraceReader(new MemorySource(trace));
  const rows: ImportedRow[] = [];
  for (const batch of reader.read()) {
    const required = (name: DictColumn & ColumnName, row: number) => batch.column(name).at(row)!;
    for (let r = 0; r < batch.rows; r++) {
      const row: ImportedRow = {
        seq: batch.column('seq').number(r),
        ts: batch.column('ts').big(r),
        source: required('source', r),
        kind: required('kind', r),
        phase: required('phase', r),
      };
      for (const name of INTS) if (batch.column(name).has(r)) row[name] = batch.column(name).at(r);
      for (const name of BIGS) if (batch.column(name).has(r)) row[name] = batch.column(name).big(r);
      for (const name of STRINGS) if (batch.column(name).has(r)) row[name] = required(name, r);
      if (batch.column('span').has(r)) row.span = batch.column('span').number(r);
      if (batch.column('data').has(r)) row.data = batch.column('data').at(r)!;
      if (batch.column('text').has(r)) row.text = batch.column('text').text(r)!;
      rows.push(row);
    }
  }
  return rows;
}

/** What a report counts but for lines that belong to others. */
export const counted = ({ records, unparsed, lost }: ImportReport) => ({ records, unparsed, lost });

/** How many rows have each value of `key`. */
export function countBy<T>(rows: readonly T[], key: (row: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[key(row)] = (counts[key(row)] ?? 0) + 1;
  return counts;
}
