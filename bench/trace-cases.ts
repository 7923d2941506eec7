/** What is measured of the trace file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTrustedSession } from '../analysis/index.js';
import {
  COLUMNS,
  EventAppender,
  MemorySink,
  MemorySource,
  mergeTraces,
  openSink,
  rewriteTrace,
  TraceReader,
  TraceWriter,
  verifyTrace,
} from '../traces/index.js';
import { appendAccesses, META, Workload, writeAccesses } from './workload.js';

export interface Case {
  readonly name: string;
  /** Events that one run handles. */
  readonly events: number;
  /** Figure to reach, for the table. */
  readonly target: string;
  readonly runs?: number;
  run(): unknown;
}

const EVENTS = 2_000_000;
const SQL_EVENTS = 10_000_000;
const BATCH_ROWS = 65_536;

export async function traceCases(folder: string): Promise<readonly Case[]> {
  const file = join(folder, 'trace.arrows');
  writeTo(file, EVENTS);
  const damaged = damagedCopy(file, join(folder, 'damaged.arrows'));
  return [
    ...appendCases(folder),
    ...readCases(file),
    ...rewriteCases(file, damaged),
    await sqlCase(join(folder, 'large.arrows')),
  ];
}

function writeTo(file: string, events: number): void {
  const sink = openSink({ file, inputs: [] });
  writeAccesses(sink, events);
  sink.commit();
}

/** Every batch in ten loses a byte. */
function damagedCopy(file: string, copy: string): string {
  const bytes = readFileSync(file);
  const { batches } = new TraceReader(new MemorySource(bytes));
  batches.forEach(({ frame }, i) => {
    if (i % 10 === 0) bytes[(frame.bodyOffset + frame.end) >> 1] ^= 1;
  });
  writeFileSync(copy, bytes);
  return copy;
}

function appendCases(folder: string): Case[] {
  const dropped = () => new EventAppender(BATCH_ROWS, () => undefined);
  return [
    {
      name: 'append, 12 columns, clock read for each event',
      events: EVENTS,
      target: '≤ 80 ns',
      run: () => appendNow(dropped(), EVENTS),
    },
    {
      name: 'append, 12 columns',
      events: EVENTS,
      target: '',
      run: () => appendAccesses(dropped(), EVENTS),
    },
    {
      name: 'write to disk, compressed and checksummed',
      events: EVENTS,
      target: '≥ 3 M/s',
      run: () => writeTo(join(folder, 'written.arrows'), EVENTS),
    },
  ];
}

/** Appends events at the time it is. */
function appendNow(events: EventAppender, count: number): void {
  const workload = new Workload(events);
  for (let i = 0; i < count / 2; i++) {
    const began = process.hrtime();
    const begin = workload.begin(i, began[0], began[1]);
    const ended = process.hrtime();
    workload.end(i, begin, ended[0], ended[1]);
  }
}

function readCases(file: string): Case[] {
  const read = (names: readonly (typeof COLUMNS)[number]['name'][]) => () => {
    const reader = TraceReader.open(file);
    for (const batch of reader.read()) for (const name of names) batch.column(name);
    reader.close();
  };
  const of = (name: string, run: () => unknown): Case => ({
    name,
    events: EVENTS,
    target: '',
    run,
  });
  return [
    of('open: every byte against its CRC', read([])),
    of('open and read two columns', read(['kind', 'device'])),
    of('open and read all columns', read(COLUMNS.map((c) => c.name))),
    of('verify: every byte and value', () => verifyTrace(TraceReader.open(file))),
    of('select one device by statistics', () => {
      const reader = TraceReader.open(file);
      return [...reader.select({ devices: ['0000:03:00.0'], seq: [0, EVENTS / 4] })].length;
    }),
  ];
}

function rewriteCases(file: string, damaged: string): Case[] {
  const rewritten = (write: (writer: TraceWriter) => void) => () => {
    const writer = new TraceWriter(new MemorySink(), META);
    write(writer);
    writer.finish();
  };
  return [
    {
      name: 'repair a damaged trace',
      events: EVENTS,
      target: '',
      run: rewritten((writer) => rewriteTrace(TraceReader.open(damaged), writer, {})),
      runs: 3,
    },
    {
      name: 'merge two traces',
      events: 2 * EVENTS,
      target: '',
      runs: 2,
      run: rewritten((writer) => {
        const input = () => ({ reader: TraceReader.open(file), offsetNs: 0n });
        mergeTraces([input(), input()], writer);
      }),
    },
  ];
}

async function sqlCase(file: string): Promise<Case> {
  writeTo(file, SQL_EVENTS);
  const sql = 'SELECT kind, device, count(*) FROM events GROUP BY ALL';
  return {
    name: 'SQL over 10 M events, two columns, from the file',
    events: SQL_EVENTS,
    target: '< 150 ns (1.5 s)',
    runs: 3,
    run: async () => {
      const reader = TraceReader.open(file);
      const session = await openTrustedSession([{ name: 'trace', reader }]);
      const { chunks } = await session.query(sql);
      for await (const _chunk of chunks()) {
        // The rows are not looked at; reading them is what is measured.
      }
      session.close();
      reader.close();
    },
  };
}
