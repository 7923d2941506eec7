import { type Command, InvalidArgumentError } from 'commander';
import type { BoundedSession, SqlSession, TraceError } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { type StrictOption, strictOption } from '../open-trace.js';
import { type RowOptions, rowOptions, writeRows } from '../row-formats.js';
import { openUsable } from '../several-traces.js';
import { where } from '../sql-condition.js';

interface Options extends StrictOption, RowOptions {
  readonly where?: string;
  readonly limit?: number;
}

/** Columns of the table; the other formats have all columns. */
const TABLE_COLUMNS = [
  'seq',
  'ts',
  'cpu',
  'tid',
  'task',
  'kind',
  'phase',
  'device',
  'driver',
  'name',
  '"offset"',
  'value',
  'ret',
  'text',
].join(', ');

export function register(program: Command): void {
  const command = program
    .command('events')
    .description('print events')
    .argument('<trace>', 'trace file')
    .argument('[more...]', 'more traces: a column trace says which one an event is of')
    .option('--where <condition>', 'only events that satisfy an SQL condition')
    .option('--limit <count>', 'at most so many events', parseCount);
  strictOption(rowOptions(command)).action(run);
}

async function run(trace: string, more: readonly string[], options: Options): Promise<void> {
  const { readers, errors } = await openUsable([trace, ...more], options);
  try {
    const session = await open(readers, errors, options);
    try {
      await writeRows(await session.query(eventsQuery(options, more.length > 0)), options);
    } finally {
      session.close();
    }
  } finally {
    for (const reader of readers) reader.close();
  }
}

/** Without a condition the SQL is vfr's own, and needs no limit on time. */
async function open(
  readers: readonly TraceReader[],
  errors: readonly TraceError[],
  { where: condition }: Options,
): Promise<BoundedSession | SqlSession> {
  const { openSession, openTrustedSession } = await import('../../analysis/index.js');
  const traces = readers.map((reader) => ({ name: reader.source.name, reader }));
  if (condition === undefined) return openTrustedSession(traces, { errors });
  const session = await openSession(traces, { errors });
  try {
    await session.requireCondition(condition);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

function eventsQuery({ where: condition, limit, format, json }: Options, several: boolean): string {
  const shown = several ? `trace, ${TABLE_COLUMNS}` : TABLE_COLUMNS;
  const columns = format === 'table' && json !== true ? shown : '*';
  const chosen = condition === undefined ? '' : where(condition);
  const most = limit === undefined ? '' : `LIMIT ${limit}`;
  return `SELECT ${columns} FROM events ${chosen} ${most}`;
}

function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number.');
  return Number(text);
}
