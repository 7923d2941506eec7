/** Opens traces for a command, which prints how complete they are with every result. */
import type { Command } from 'commander';
import type { TraceReader } from '../traces/index.js';
import { note } from './output.js';
import { plural } from './plural.js';
import { refuseStreams } from './shell-streams.js';

export interface StrictOption {
  readonly strict?: boolean;
}

/** Adds `--strict` to a command that computes from a trace. */
export function strictOption(command: Command): Command {
  return command.option('--strict', 'refuse a trace that is cut, damaged or has lost events');
}

/**
 * Opens a trace and says on stderr whether it is complete. On a terminal it shows the progress of
 * reading until the command prints something.
 * @throws VfrError when it cannot be read, or `TRACE_INCOMPLETE` when it is not complete and
 * `--strict` was given
 */
export async function openTrace(file: string, options: StrictOption): Promise<TraceReader> {
  const [reader] = await openTraces([file], options);
  return reader;
}

/** Opens one of several traces like `openTrace`; what it says begins with the name of the file. */
export const openNamedTrace = (file: string, options: StrictOption): Promise<TraceReader> =>
  open(file, options, `${file}: `);

/** Opens several traces like `openTrace`, or none if one of them fails. */
export async function openTraces(
  files: readonly string[],
  options: StrictOption,
): Promise<readonly TraceReader[]> {
  await refuseStreams(files);
  const readers: TraceReader[] = [];
  try {
    for (const file of files) readers.push(await open(file, options));
    return readers;
  } catch (error) {
    for (const reader of readers) reader.close();
    throw error;
  }
}

/**
 * Opens a trace for a program that shows it before all of its bytes are verified. Says nothing.
 * @throws VfrError when it cannot be read
 */
export async function openUnverified(file: string): Promise<TraceReader> {
  await refuseStreams([file]);
  const { openSource, readOn, TraceReader } = await import('../traces/index.js');
  return new TraceReader(readOn(openSource(file)), 'later');
}

/** @param named what a message on a complete trace begins with */
async function open(file: string, options: StrictOption, named = ''): Promise<TraceReader> {
  const { openSource, readOn, TraceReader, VfrError } = await import('../traces/index.js');
  const { Progress, watched } = await import('./progress.js');
  const progress = new Progress();
  progress.start(file);
  const source = openSource(file, (bytes) => progress.update(bytes, 0));
  const reader = new TraceReader(readOn(watched(source, progress)));
  const state = describeCompleteness(reader);
  if (!reader.completeness.complete && options.strict === true) {
    reader.close();
    const next = 'Leave --strict out to use what is there; `vfr verify` says what is missing.';
    throw new VfrError('TRACE_INCOMPLETE', state, next, { file });
  }
  note(reader.completeness.complete ? `${named}${state}` : `${file}: ${state}`);
  progress.start(file);
  return reader;
}

/** One line: `complete: N events`, or `INCOMPLETE:` and what is missing. */
export function describeCompleteness(reader: TraceReader): string {
  const { complete, truncated, damaged } = reader.completeness;
  if (complete) {
    const linked = reader.isLinked ? '' : ' (format version 1 cannot show more)';
    return `complete: ${plural(reader.events, 'event')}${linked}`;
  }
  const last = reader.batches.at(-1);
  const after = last === undefined ? 'the beginning' : `seq ${last.seqFirst + last.rows - 1}`;
  const parts = [
    truncated ? `truncated after ${after}` : 'not truncated',
    `${describeLost(reader)} lost`,
    plural(damaged, 'damaged range') + (damaged === 0 ? '' : ` (${reader.damage[0].what})`),
  ];
  if (reader.missing > 0 && damaged === 0) parts.push(`${plural(reader.missing, 'event')} missing`);
  const full = reader.dictionariesFull.join(', ');
  if (full !== '') parts.push(`more names than fit in column ${full}`);
  return `INCOMPLETE: ${parts.join(', ')}`;
}

function describeLost({ completeness: { lost }, losses }: TraceReader): string {
  if (lost === null) return 'unknown events';
  return lost === 0 && losses.length > 0 ? 'an unknown part' : plural(lost, 'event');
}
