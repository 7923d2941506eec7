import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseSeconds } from '../number-options.js';
import { type StrictOption, strictOption } from '../open-trace.js';
import { rowOptions } from '../row-formats.js';
import { openUsable } from '../several-traces.js';
import { refuseStreams } from '../shell-streams.js';
import type { PrintOptions } from '../sql-shell.js';

interface Options extends StrictOption, PrintOptions {
  readonly file?: string;
  readonly memory: number;
  readonly time: number;
}

const HELP = `
The events are the table \`events\`; with several traces a column \`trace\` says
from which, and the table \`errors\` names those that cannot be read. Quote the
column "offset": SQL has a keyword of that name. Further tables: docs/sql.md.
Several statements are separated by semicolons. Without a query vfr reads
statements from the terminal or from stdin; .help lists its commands.

  vfr sql t.arrows "SELECT kind, count(*) AS n FROM events GROUP BY ALL"
  vfr sql t.arrows`;

export function register(program: Command): void {
  const memory = new Option('--memory <size>', 'memory that the query may use, such as 512MB');
  const time = new Option('--time <seconds>', 'time that the query may take');
  const command = program
    .command('sql')
    .description('ask one or several traces a question in SQL')
    .argument('<trace>', 'trace file')
    .argument('[trace-or-query...]', 'more traces; last the query; without one, a shell')
    .option('-f, --file <file>', 'read the query from a file, or from stdin for -')
    .option('-q, --no-pager', 'print long results on a terminal without a pager')
    .addOption(memory.argParser(parseSize).default(2e9, '2GB'))
    .addOption(time.argParser(parseSeconds).default(60, '60'))
    .addHelpText('after', HELP);
  strictOption(rowOptions(command)).action(run);
}

async function run(trace: string, rest: readonly string[], options: Options): Promise<void> {
  const { query, traces } = await splitArguments([trace, ...rest], options.file);
  const { describeTables, openSession } = await import('../../analysis/index.js');
  const { printStatement, SqlShell } = await import('../sql-shell.js');
  const { allStatements } = await import('../sql-statements.js');
  const { readers, errors } = await openUsable(traces, options);
  const named = readers.map((reader) => ({ name: reader.source.name, reader }));
  const session = await openSession(named, {
    memory: options.memory,
    seconds: options.time,
    errors,
  });
  try {
    if (query === null) {
      await new SqlShell(session, describeTables(), options, readQuery).run();
      return;
    }
    const statements = allStatements(query);
    if (statements.length === 0) await session.query(query);
    for (const sql of statements) await printStatement(session, sql, options);
  } finally {
    session.close();
    for (const reader of readers) reader.close();
  }
}

function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT])(i?)B$/i.exec(text);
  if (match === null) throw new InvalidArgumentError('It has to be a number and KB, MB, GB or TB.');
  const [, number, unit, binary] = match;
  const power = 'KMGT'.indexOf(unit.toUpperCase()) + 1;
  return Number(number) * (binary === '' ? 1000 : 1024) ** power;
}

/** The query is null when the shell shall read statements. */
async function splitArguments(
  args: readonly string[],
  file: string | undefined,
): Promise<{ query: string | null; traces: readonly string[] }> {
  if (file !== undefined) return { query: await readQuery(file), traces: args };
  const last = args.at(-1)!;
  if (args.length > 1 && !existsSync(last)) return { query: last, traces: args.slice(0, -1) };
  if (!args.includes('-')) return { query: null, traces: args };
  const { VfrError } = await import('../../traces/index.js');
  const next =
    'Give it after the trace, as one argument, or with -f: the shell reads it from stdin.';
  throw new VfrError('SQL_MISSING', 'there is no query', next);
}

async function readQuery(file: string): Promise<string> {
  await refuseStreams([file]);
  const { openSource, VfrError } = await import('../../traces/index.js');
  const source = openSource(file);
  try {
    if (source.size <= QUERY_BYTES_MAX) return source.read(0, source.size).toString('utf8');
  } finally {
    source.close();
  }
  const what = `a query has at most ${QUERY_BYTES_MAX / 2 ** 20} MiB`;
  throw new VfrError('SQL_TOO_LONG', what, 'Ask for less at once.', { file });
}

const QUERY_BYTES_MAX = 1 << 20;
