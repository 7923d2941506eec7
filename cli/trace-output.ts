/** Writes a trace from a command: to a file, or to standard output for a pipe. */
import { type Command, InvalidArgumentError } from 'commander';
import type {
  Destination,
  OutputSink,
  TraceMeta,
  TraceReader,
  TraceWriter,
} from '../traces/index.js';
import { note, print, toJson } from './output.js';
import { version } from './package.js';
import { plural } from './plural.js';

export interface OutputOption {
  readonly output: string;
  /** Permissions of the output file. */
  readonly mode?: number;
  /** Print a JSON document about what was written. */
  readonly json?: boolean;
  /** Files that are read in addition to the traces, such as the origins of the traces. */
  readonly reads?: readonly string[];
}

/** Adds `-o` (by default the trace goes to standard output), and the form of the report. */
export function outputOption(command: Command): Command {
  command.option('-o, --output <trace>', 'trace to write, - for stdout', parseOutput, '-');
  return modeOption(command).option('--json', 'print one JSON document of what was written');
}

/** Names of standard output, which is written to directly and not replaced like a file. */
const STDOUT_NAMES: readonly string[] = ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'];

export function parseOutput(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty: name a file, or - for stdout.');
  return STDOUT_NAMES.includes(text) ? '-' : text;
}

export function modeOption(command: Command): Command {
  return command.option(
    '--mode <octal>',
    'permissions of the file, such as 644; else those of the file it replaces, or 600',
    parseMode,
  );
}

function parseMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new InvalidArgumentError('Write it like 640, as for chmod.');
}

export const writerName = (): string => `vfr ${version()}`;

/** The output of a command, with the traces that it reads. */
function destinationOf(
  { output, mode, reads = [] }: OutputOption,
  inputs: readonly TraceReader[],
): Destination {
  const names = inputs.flatMap(({ source: { name } }) =>
    name === STDIN_NAME ? [name, '-'] : [name],
  );
  return { file: output, inputs: [...names, ...reads], ...(mode !== undefined && { mode }) };
}

/** The name of a trace from standard input. */
const STDIN_NAME = '(standard input)';

/**
 * Makes a trace: opens the output, calls `write`, finishes the trace, gives it its name and reports
 * it. If anything fails, an earlier file of that name is unchanged.
 * @param inputs traces that are read; the output must differ from each
 * @param facts of the result that JSON has in addition to the number of events
 */
export async function writeTrace<T>(
  options: OutputOption,
  inputs: readonly TraceReader[],
  meta: TraceMeta,
  write: (writer: TraceWriter) => T,
  facts: (result: T) => object = () => ({}),
): Promise<T> {
  const { TraceWriter } = await import('../traces/index.js');
  const sink = await openOutput(options, inputs);
  const { result, events } = await filled(sink, () => {
    const writer = new TraceWriter(sink, withOrigin(meta, inputs));
    const written = write(writer);
    writer.finish();
    return { result: written, events: writer.events.seq };
  });
  const { output } = options;
  if (options.json === true) await reportWritten(output, { output, events, ...facts(result) });
  else note(`${plural(events, 'event')} written`);
  return result;
}

/**
 * Writes a text with a line break at its end. If that fails, an earlier file of that name is
 * unchanged.
 * @param input file that the output must differ from
 */
export async function writeText(options: OutputOption, input: string, text: string): Promise<void> {
  const { openSink } = await import('../traces/index.js');
  const sink = openSink(destinationOf({ ...options, reads: [input] }, []));
  await filled(sink, () => sink.write(Buffer.from(`${text}\n`, 'utf8')));
}

/**
 * Writes to an output, and gives it its name. If that fails, an earlier file of that name is
 * unchanged.
 */
export async function filled<T>(sink: OutputSink, write: () => T | Promise<T>): Promise<T> {
  try {
    const result = await write();
    sink.commit();
    return result;
  } catch (error) {
    sink.discard();
    throw error;
  }
}

/**
 * Opens an output that is not for a terminal.
 * @param inputs traces that are read; the output must differ from each
 */
export async function openOutput(
  options: OutputOption,
  inputs: readonly TraceReader[],
): Promise<OutputSink> {
  const { openSink } = await import('../traces/index.js');
  await refuseTerminal(options.output);
  return openSink(destinationOf(options, inputs));
}

/** Prints a report as JSON, to stderr if the trace itself is on standard output. */
export async function reportWritten(output: string, report: object): Promise<void> {
  if (output === '-') note(toJson(report, null));
  else await print(toJson(report));
}

/** A copy gets links of its own. It must not look more trustworthy than its inputs. */
function withOrigin(meta: TraceMeta, inputs: readonly TraceReader[]): TraceMeta {
  if (inputs.every((reader) => reader.isLinked)) return meta;
  const untied = 'made of a trace of format version 1, whose batches nothing tied together';
  return { ...meta, notes: { ...meta.notes, untied } };
}

/** @throws VfrError when a trace would be written to a terminal */
export async function refuseTerminal(output: string): Promise<void> {
  if (output !== '-' || process.stdout.isTTY !== true) return;
  const { VfrError } = await import('../traces/index.js');
  const what = 'a trace is not for reading on a terminal';
  throw new VfrError('OUTPUT_IS_TERMINAL', what, 'Name a file by -o, or use a pipe.');
}
