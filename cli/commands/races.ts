import type { Command } from 'commander';
import type { RaceReport } from '../../analysis/index.js';
import { reportFinding } from '../exit-codes.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { print, printJson } from '../output.js';
import { formatReport } from '../race-report.js';

interface Options extends StrictOption {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('races')
    .description('find operations that raced for a device: actors, actions, timing and outcome')
    .argument('<trace>', 'trace file')
    .option('--json', 'print one JSON document');
  strictOption(command).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { races: findRaces } = await import('../../analysis/index.js');
  const reader = await openTrace(file, options);
  const { zeroOf } = await import('../../traces/index.js');
  let report: RaceReport;
  let zero = 0n;
  try {
    report = findRaces(reader);
    zero = zeroOf(reader) ?? 0n;
  } finally {
    reader.close();
  }
  const { races, unrecorded } = report;
  if (options.strict === true && unrecorded.length > 0) throw await notRecorded(file, unrecorded);
  if (options.json === true) await printJson(report);
  else await print(formatReport(report, zero));
  if (races.length > 0) reportFinding();
}

async function notRecorded(file: string, parts: readonly string[]): Promise<Error> {
  const { VfrError } = await import('../../traces/index.js');
  return new VfrError(
    'BINDING_NOT_RECORDED',
    `no event says ${parts.join(', and ')}`,
    'Leave --strict out to use what is there; `vfr doctor` says what can be recorded.',
    { file },
  );
}
