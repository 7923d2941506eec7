import type { Command } from 'commander';
import type { TraceReader } from '../../traces/index.js';
import { reportFinding } from '../exit-codes.js';
import { type StrictOption, strictOption } from '../open-trace.js';
import { print } from '../output.js';
import { formatReport } from '../race-report.js';
import { answerEach, printDocuments, titled } from '../several-traces.js';

interface Options extends StrictOption {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('races')
    .description('find operations that raced for a device: actors, actions, timing and outcome')
    .argument('<trace>', 'trace file')
    .argument('[more...]', 'more traces')
    .option('--json', 'print one JSON document');
  strictOption(command).action(run);
}

async function run(trace: string, more: readonly string[], options: Options): Promise<void> {
  const several = more.length > 0;
  const found = await answerEach([trace, ...more], options, (reader, file) =>
    racesOf(reader, file, options),
  );
  const reports = found.answers.map(({ trace: file, answer }) => ({
    trace: file,
    answer: answer.report,
  }));
  if (options.json === true) {
    await printDocuments({ ...found, answers: reports }, several);
  } else {
    const texts = found.answers.map(({ trace: file, answer: { report, zero } }) =>
      titled(file, formatReport(report, zero), several),
    );
    await print(texts.join('\n\n'));
  }
  if (reports.some(({ answer: { races } }) => races.length > 0)) reportFinding();
}

async function racesOf(reader: TraceReader, file: string, options: Options) {
  const { races } = await import('../../analysis/index.js');
  const { zeroOf } = await import('../../traces/index.js');
  const report = races(reader);
  const { unrecorded } = report;
  if (options.strict === true && unrecorded.length > 0) throw await notRecorded(file, unrecorded);
  return { report, zero: zeroOf(reader) ?? 0n };
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
