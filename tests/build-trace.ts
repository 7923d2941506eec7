/** Makes small traces for tests from rows written as objects. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CELL,
  highWord,
  type Kind,
  lowWord,
  MemorySink,
  MemorySource,
  type Phase,
  type Source,
  type TraceMeta,
  TraceReader,
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

/** Columns of a row by what they hold; `span`, `ts`, `data` and `text` are treated on their own. */
export const INTS = ['cpu', 'pid', 'tid', 'region'] as const;
export const BIGS = ['offset', 'length', 'value', 'ret'] as const;
export const STRINGS = ['task', 'device', 'driver', 'path', 'name'] as const;

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
  const event = events.row(row.source ?? 'model');
  event.start(events.kind(row.kind), events.phase(row.phase ?? 'point'));
  event.timeWords(lowWord(ts), highWord(ts));
  for (const name of INTS) if (row[name] !== undefined) event.set(CELL[name], row[name]);
  for (const name of BIGS) {
    const big = row[name];
    if (big !== undefined) event.setWords(CELL[name], lowWord(big), highWord(big));
  }
  for (const name of STRINGS) {
    const text = row[name];
    if (text !== undefined) event.set(CELL[name], events.id(name, text));
  }
  if (row.span !== undefined) event.setNumber(CELL.span, row.span);
  if (row.data !== undefined) event.data(row.data);
  if (row.text !== undefined) event.text(row.text);
  events.append(event);
  if (row.kind === 'lost') writer.countLost(Number(row.value ?? 0n));
}

/** A trace of these events, in memory. */
export const traceOf = (rows: readonly EventRow[], options: TraceOptions = {}): TraceReader =>
  new TraceReader(new MemorySource(buildTrace(rows, options)));

/** Writes a trace to a file of its own and gives its path. */
export function traceFile(rows: readonly EventRow[], options: TraceOptions = {}): string {
  const file = join(scratchFolder(), 'trace.arrows');
  writeFileSync(file, buildTrace(rows, options));
  return file;
}
