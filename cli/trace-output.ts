/** Writing a trace from a command: to a file, or to standard output for a pipe. */
import type { Command } from 'commander';
import type { TraceMeta, TraceReader, TraceWriter } from '../traces/index.js';
import { note } from './output.js';
import { version } from './package.js';

export interface OutputOption {
  readonly output: string;
}

/** Adds `-o`; without it the trace goes to standard output. */
export function outputOption(command: Command): Command {
  return command.option('-o, --output <trace>', 'trace to write, - for stdout', '-');
}

export const writerName = (): string => `vfr ${version()}`;

/**
 * Makes a trace: opens the output, lets `write` fill it, finishes it and gives it its name. When
 * anything fails the file that was there before stays as it was.
 * @param inputs traces that are read meanwhile, none of which may be the output
 */
export async function writeTrace<T>(
  { output }: OutputOption,
  inputs: readonly TraceReader[],
  meta: TraceMeta,
  write: (writer: TraceWriter) => T,
): Promise<T> {
  const { openSink, TraceWriter } = await import('../traces/index.js');
  await refuseTerminal(output);
  if (output !== '-') await refuseInput(output, inputs);
  const sink = openSink(output);
  try {
    const writer = new TraceWriter(sink, withOrigin(meta, inputs));
    const result = write(writer);
    writer.finish();
    sink.commit();
    note(`${writer.events.seq} events written`);
    return result;
  } catch (error) {
    sink.discard();
    throw error;
  }
}

/** A copy is tied together anew; it must not make more of its inputs than they were. */
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
  throw new VfrError('usage', 'OUTPUT_IS_TERMINAL', what, 'Name a file by -o, or use a pipe.');
}

/** A damaged trace is evidence: it is never replaced by what could be saved of it. */
async function refuseInput(output: string, inputs: readonly TraceReader[]): Promise<void> {
  const { statSync } = await import('node:fs');
  const { VfrError } = await import('../traces/index.js');
  const identity = (file: string) => {
    try {
      const { dev, ino } = statSync(file);
      return `${dev}/${ino}`;
    } catch {
      // No file is there, or none that may be looked at: who opens it tells.
      return null;
    }
  };
  const taken = identity(output);
  if (taken === null) return;
  for (const { source } of inputs) {
    if (identity(source.name) !== taken) continue;
    const what = 'the output is the input';
    throw new VfrError('usage', 'OUTPUT_IS_INPUT', what, 'Name another file.', { file: output });
  }
}
