import type { Command } from 'commander';
import type { ImportResult } from '../../recorder/import/index.js';
import { formatCounts, formatKeys } from '../aligned-lists.js';
import { parseRelease } from '../kernel-release.js';
import { type MergeOptions, mergeOptions } from '../merge-options.js';
import { note, noteLines, paint, print, printJson } from '../output.js';
import { plural } from '../plural.js';
import { refuseStreams } from '../shell-streams.js';
import { modeOption, parseOutput, refuseTerminal, reportWritten } from '../trace-output.js';

interface Options extends MergeOptions {
  readonly output?: string;
  readonly format?: string;
  readonly snapshot?: string;
  readonly clock?: string;
  readonly kernel?: string;
  readonly strict?: boolean;
  readonly mode?: number;
  readonly json?: boolean;
  readonly list?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('import')
    .description('make a trace from what another tool recorded')
    .argument('[input...]', 'recordings to import, - for stdin; several go on one timeline')
    .option('-o, --output <trace>', 'trace to write, - for stdout', parseOutput)
    .option('--format <format>', 'format of the input, when it is not found')
    .option('--snapshot <folder>', 'state of the machine when the recording began')
    .option('--clock <name>', 'clock of inputs that do not state it: mono, boot, local, …')
    .option(
      '--kernel <release>',
      'kernel of inputs that do not state it, such as 6.1.0',
      parseRelease,
    )
    .option('--strict', 'refuse an input that is cut, damaged or says it lost events')
    .option('--json', 'print one JSON document')
    .option('--list', 'list the formats and end');
  mergeOptions(modeOption(command)).action(run);
}

async function run(inputs: readonly string[], options: Options): Promise<void> {
  if (options.list === true) return printFormats(options.json === true);
  const { output, json, list: _, ...rest } = options;
  if (inputs.length === 0 || output === undefined) throw await missing(inputs);
  await refuseTerminal(output);
  await refuseStreams(options.snapshot === undefined ? inputs : [...inputs, options.snapshot]);
  const { importInputs } = await import('../import-inputs.js');
  const result = await importInputs({ inputs, output, ...rest });
  warn(inputs.join(', '), result);
  const { events, records, unparsed, lost, kinds, format, stopped } = result;
  const facts = { events, records, unparsed, lost, kinds, format, stopped };
  if (json === true) return reportWritten(output, facts);
  const text = formatResult(output, result);
  // Standard output has the trace.
  if (output === '-') noteLines(text);
  else await print(text);
}

async function missing(inputs: readonly string[]): Promise<Error> {
  const { VfrError } = await import('../../traces/index.js');
  const next = 'Run `vfr import INPUT -o OUT.arrows`.';
  return inputs.length === 0
    ? new VfrError('INPUT_MISSING', 'there is no input to import', next)
    : new VfrError('OUTPUT_MISSING', 'there is no trace to write to', next);
}

async function printFormats(json: boolean): Promise<void> {
  const { IMPORTERS } = await import('../../recorder/import/index.js');
  const formats = IMPORTERS.map(({ format, describe }) => ({ format, describe }));
  if (json) return printJson({ formats });
  await print(formatKeys(formats.map(({ format, describe }) => [format, describe])));
}

function warn(input: string, { unparsed, lost, stopped }: ImportResult): void {
  if (stopped !== undefined) {
    note(`${input}: INCOMPLETE: reading stopped at byte ${stopped.offset}: ${stopped.why}`);
  }
  if (unparsed > 0)
    note(`${input}: ${plural(unparsed, 'record')} not understood, kept as log events`);
  if (lost > 0)
    note(`${input}: INCOMPLETE: the recording says that it lost ${plural(lost, 'event')}`);
}

function formatResult(
  output: string,
  { format, events, records, unparsed, lost, kinds }: ImportResult,
): string {
  const facts = formatKeys([
    ['trace', output],
    ['format', format],
    ['events', String(events)],
    ['unparsed', String(unparsed)],
    ['lost', String(lost)],
  ]);
  const sorted = Object.fromEntries(Object.entries(records).sort(([, a], [, b]) => b - a));
  return [
    facts,
    '',
    paint('bold', 'records by name'),
    ...formatCounts(sorted),
    '',
    paint('bold', 'events by kind'),
    ...formatCounts(kinds),
  ].join('\n');
}
