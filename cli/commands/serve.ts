import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseSeconds } from '../number-options.js';
import { openTraces, type StrictOption, strictOption } from '../open-trace.js';

interface Options extends StrictOption {
  readonly port: number;
  readonly open: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly time: number;
}

export function register(program: Command): void {
  const port = new Option('--port <number>', 'port to listen on, 0 for one that is free');
  const time = new Option('--time <seconds>', 'time that a query may take');
  const command = program
    .command('serve')
    .description('show traces in a browser on this machine: lanes, events, states, causes, SQL')
    .argument('<trace>', 'trace file')
    .argument('[more...]', 'more traces, shown side by side')
    .addOption(port.argParser(parsePort).default(0, '0'))
    .option('--no-open', 'do not open a browser')
    .option('--follow', 'read traces again while they are recorded')
    .addOption(time.argParser(parseSeconds).default(60, '60'))
    .option('--json', 'print the address as one JSON document');
  strictOption(command).action(run);
}

async function run(trace: string, more: readonly string[], options: Options): Promise<void> {
  const files = [trace, ...more];
  if (files.includes('-')) await refuseStream();
  const readers = await openTraces(files, options);
  const { serveTraces } = await import('../serve/serve-traces.js');
  const { port, open, follow = false, json = false, time: seconds } = options;
  await serveTraces(readers, { port, open, follow, json, seconds, program: process.argv[1] });
}

/** Other processes read the traces, too: those that answer SQL and explain events. */
async function refuseStream(): Promise<never> {
  const { VfrError } = await import('../../traces/index.js');
  const next = 'Write it to a file first.';
  throw new VfrError('SERVE_STREAM', 'serve cannot read a trace from a pipe', next);
}

const PORT_MAX = 65_535;

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= PORT_MAX) return port;
  throw new InvalidArgumentError('It has to be a number from 0 to 65535.');
}
