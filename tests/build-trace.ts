/** Makes small traces for tests from rows written as objects. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  highWord,
  type Kind,
  lowWord,
  MemorySink,
  type Phase,
  type Source,
  type TraceMeta,
  TraceWriter,
} from '../traces/index.js';
import { scratchFolder } from './scratch.js';

export { scratchFolder } from './scratch.js';

/** One event; what is left out is null. Phase is `point` and source `model` unless given. */
export interface EventRow {
  readonly kind: Kind;
  readonly phase?: Phase;
  readonly source?: Source;
  readonly ts?: bigint;
  readonly cpu?: number;
  readonly pid?: number;
  readonly tid?: number;
  readonly task?: string;
  readonly span?: number;
  readonly device?: string;
  readonly driver?: string;
  readonly path?: string;
  readonly region?: number;
  readonly offset?: bigint;
  readonly length?: bigint;
  readonly value?: bigint;
  readonly name?: string;
  readonly ret?: bigint;
  readonly data?: Uint8Array;
  readonly text?: string;
}

export interface TraceOptions {
  readonly batchRows?: number;
  readonly meta?: Partial<TraceMeta>;
}

const INTS = ['cpu', 'pid', 'tid', 'region'] as const;
const BIGS = ['offset', 'length', 'value', 'ret'] as const;
const STRINGS = ['task', 'device', 'driver', 'path', 'name'] as const;

/** Bytes of a complete trace with these events; without a time, an event is 1000 ns after the last. */
export function buildTrace(rows: readonly EventRow[], options: TraceOptions = {}): Buffer {
  const sink = new MemorySink();
  const meta = { clock: 'mono', writer: 'vfr test', notes: {}, ...options.meta };
  const { batchRows } = options;
  const writer = new TraceWriter(sink, meta, batchRows === undefined ? {} : { batchRows });
  let ts = 0n;
  for (const row of rows) {
    ts = row.ts ?? ts + 1000n;
    appendRow(writer, row, ts);
  }
  writer.finish();
  return sink.bytes();
}

function appendRow(writer: TraceWriter, row: EventRow, ts: bigint): void {
  const { events } = writer;
  events.source(row.source ?? 'model');
  events.begin(events.kind(row.kind), row.phase ?? 'point');
  events.timeWords(lowWord(ts), highWord(ts));
  for (const name of INTS) if (row[name] !== undefined) events.int(name, row[name]);
  for (const name of BIGS) if (row[name] !== undefined) events.big(name, row[name]);
  for (const name of STRINGS) if (row[name] !== undefined) events.string(name, row[name]);
  if (row.span !== undefined) events.word('span', row.span);
  if (row.data !== undefined) events.data(row.data);
  if (row.text !== undefined) events.text(row.text);
  events.commit();
  if (row.kind === 'lost') writer.countLost(Number(row.value ?? 0n));
}

/** Writes a trace to a file of its own and gives its path. */
export function traceFile(rows: readonly EventRow[], options: TraceOptions = {}): string {
  const file = join(scratchFolder(), 'trace.arrows');
  writeFileSync(file, buildTrace(rows, options));
  return file;
}
