/** Exports of the table of events, which DuckDB writes. */
import { closeSync, openSync, readSync } from 'node:fs';
import { COLUMNS, ScratchSink, type Sink, type TraceReader } from '../../traces/index.js';
import type { NamedTrace } from '../scan-source.js';
import { SqlSession } from '../sql-session.js';

export type TableFormat = 'parquet' | 'csv' | 'jsonl';

/**
 * Writes the table of events. DuckDB writes to a file without a name, the only one that it can
 * open; the bytes go on to the sink from there.
 * @param folder where the file is made, with room for the whole export
 * @throws VfrError when the trace cannot be read, or the disk is full
 */
export async function exportTable(
  trace: NamedTrace,
  format: TableFormat,
  sink: Sink,
  folder: string,
): Promise<void> {
  const scratch = new ScratchSink(folder);
  try {
    const session = await SqlSession.open([trace], { output: scratch.path });
    try {
      const how = `${optionsOf(trace.reader, format)}, USE_TMP_FILE false`;
      const rows = `SELECT ${columnsOf(trace.reader, format)} FROM events`;
      const copied = await session.query(`COPY (${rows}) TO '${scratch.path}' (${how})`);
      for await (const _ of copied.chunks());
    } finally {
      session.close();
    }
    pour(scratch.path, sink);
  } finally {
    scratch.close();
  }
}

const CHUNK_BYTES = 1 << 20;

function pour(path: string, sink: Sink): void {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const size = readSync(file, buffer);
      if (size === 0) return;
      sink.write(buffer.subarray(0, size));
    }
  } finally {
    closeSync(file);
  }
}

/** A column under its own name; SQL has a keyword `offset`. */
const quoted = (name: string): string => `"${name}"`;

function columnsOf(reader: TraceReader, format: TableFormat): string {
  if (format === 'parquet') return [...COLUMNS.map(lakeColumn), wallColumn(reader)].join(', ');
  return COLUMNS.map(({ name, type }) =>
    type === 'binary' ? `lower(to_hex(${quoted(name)})) AS ${quoted(name)}` : quoted(name),
  ).join(', ');
}

/**
 * Engines differ in unsigned types: Spark reads UINT_64 as DECIMAL(20,0), Trino has none. So 64
 * bits are BIGINT, in two's complement.
 */
function lakeColumn({ name, type }: (typeof COLUMNS)[number]): string {
  const column = quoted(name);
  const cast = (to: string) => `${column}::${to} AS ${column}`;
  switch (type) {
    case 'u64':
      return (
        `CASE WHEN ${column} > 9223372036854775807 ` +
        `THEN (${column}::HUGEINT - 18446744073709551616)::BIGINT ` +
        `ELSE ${column}::BIGINT END AS ${column}`
      );
    case 'u32':
      return cast('BIGINT');
    case 'u16':
    case 'i16':
      return cast('INTEGER');
    default:
      return column;
  }
}

/** The time as one of the wall clock, in microseconds; null when the trace does not know it. */
function wallColumn({ meta }: TraceReader): string {
  if (meta.wallOffsetNs === undefined) return 'NULL::TIMESTAMP AS wall';
  return `make_timestamp(((ts::HUGEINT + ${meta.wallOffsetNs}) // 1000)::BIGINT) AS wall`;
}

function optionsOf(reader: TraceReader, format: TableFormat): string {
  switch (format) {
    case 'parquet':
      return `FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, KV_METADATA {${facts(reader)}}`;
    case 'csv':
      return 'FORMAT csv, HEADER true';
    case 'jsonl':
      return 'FORMAT json';
  }
}

/** What the table does not say by itself. */
function facts({ meta, completeness }: TraceReader): string {
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
  const entries: readonly [string, string | undefined][] = [
    ['vfr_clock', meta.clock],
    ['vfr_kernel', meta.kernel],
    ['vfr_wall_offset_ns', meta.wallOffsetNs?.toString()],
    ['vfr_complete', String(completeness.complete)],
    ['vfr_lost', completeness.lost?.toString()],
    ['vfr_writer', meta.writer],
  ];
  return entries
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${text(value)}`]))
    .join(', ');
}
