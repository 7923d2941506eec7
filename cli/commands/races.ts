import type { Command } from 'commander';
import type { Race } from '../../analysis/index.js';
import { reportFinding } from '../exit.js';
import { print, printJson } from '../output.js';
import { formatRaces } from '../races.js';
import { openTrace, type StrictOption, strictOption } from '../trace.js';

interface Options extends StrictOption {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('races')
    .description('find operations that raced for a device: who, what, how close, what came of it')
    .argument('<trace>', 'trace file')
    .option('--json', 'print one JSON document');
  strictOption(command).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { races: findRaces } = await import('../../analysis/index.js');
  const reader = await openTrace(file, options);
  const { zeroOf } = await import('../../traces/index.js');
  let races: readonly Race[];
  let zero = 0n;
  try {
    races = findRaces(reader);
    zero = zeroOf(reader) ?? 0n;
  } finally {
    reader.close();
  }
  if (options.json === true) await printJson({ races });
  else await print(formatRaces(races, zero));
  if (races.length > 0) reportFinding();
}
