import { type Command, InvalidArgumentError } from 'commander';
import type { BoundedSession, SqlSession } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { type RowOptions, rowOptions, writeRows } from '../row-formats.js';
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
    .option('--where <condition>', 'only events that satisfy an SQL condition')
    .option('--limit <count>', 'at most so many events', parseCount);
  strictOption(rowOptions(command)).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const reader = await openTrace(file, options);
  const session = await open(file, reader, options);
  try {
    await writeRows(await session.query(eventsQuery(options)), options);
  } finally {
    session.close();
    reader.close();
  }
}

/** Without a condition the SQL is vfr's own, and needs no limit on time. */
async function open(
  file: string,
  reader: TraceReader,
  { where: condition }: Options,
): Promise<BoundedSession | SqlSession> {
  const { openSession, openTrustedSession } = await import('../../analysis/index.js');
  const traces = [{ name: file, reader }];
  if (condition === undefined) return openTrustedSession(traces);
  const session = await openSession(traces);
  try {
    await session.requireCondition(condition);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

function eventsQuery({ where: condition, limit, format, json }: Options): string {
  const columns = format === 'table' && json !== true ? TABLE_COLUMNS : '*';
  const chosen = condition === undefined ? '' : where(condition);
  const most = limit === undefined ? '' : `LIMIT ${limit}`;
  return `SELECT ${columns} FROM events ${chosen} ${most}`;
}

function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number.');
  return Number(text);
}
