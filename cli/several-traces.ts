/**
 * Several traces for one command. A trace that cannot be used is reported and left out: the command
 * answers for the others, and its exit code says that one is missing.
 */
import type { TraceError } from '../analysis/index.js';
import type { TraceReader, VfrError } from '../traces/index.js';
import { printError } from './error-text.js';
import { isVfrError, reportOmission } from './exit-codes.js';
import {
  describeCompleteness,
  openNamedTrace,
  openTrace,
  type StrictOption,
} from './open-trace.js';
import { paint, printJson } from './output.js';
import { refuseStreams } from './shell-streams.js';

/** What a command says of each trace that it could use, in their order. */
export interface Answers<T> {
  readonly answers: readonly { readonly trace: string; readonly answer: T }[];
  /** The traces that were left out. */
  readonly errors: readonly TraceError[];
}

/**
 * Opens traces one after the other, and closes each when the command has its answer.
 * @throws VfrError of the last trace when none can be used, or one that is not about the input
 */
export async function answerEach<T>(
  files: readonly string[],
  options: StrictOption,
  ask: (reader: TraceReader, file: string) => Promise<T>,
): Promise<Answers<T>> {
  const answers: { trace: string; answer: T }[] = [];
  const errors = await withEach(files, async (file) => {
    const reader = await openOneOf(files, file, options);
    try {
      answers.push({ trace: file, answer: await ask(reader, file) });
    } finally {
      reader.close();
    }
  });
  return { answers, errors };
}

/**
 * Prints the documents of traces as JSON: that of one trace alone, those of several in a list, in
 * which each names its trace.
 * @param several whether the user named several
 */
export async function printDocuments(
  { answers, errors }: Answers<object>,
  several: boolean,
): Promise<void> {
  const traces = answers.map(({ trace, answer }) => ({ trace, ...answer }));
  await printJson(several ? { traces, errors } : answers[0].answer);
}

/** The text on one of several traces below its name. */
export const titled = (trace: string, text: string, several: boolean): string =>
  several ? `${paint('bold', trace)}\n${text}` : text;

/**
 * Opens all traces that can be used; the caller closes them. The errors also name those that are
 * used in part, because they are cut or damaged.
 * @throws VfrError as `answerEach` does
 */
export async function openUsable(
  files: readonly string[],
  options: StrictOption,
): Promise<{ readonly readers: readonly TraceReader[]; readonly errors: readonly TraceError[] }> {
  const readers: TraceReader[] = [];
  try {
    const errors = await withEach(files, async (file) => {
      readers.push(await openOneOf(files, file, options));
    });
    return { readers, errors: [...errors, ...readers.flatMap(partsMissing)] };
  } catch (error) {
    for (const reader of readers) reader.close();
    throw error;
  }
}

const openOneOf = (files: readonly string[], file: string, options: StrictOption) =>
  files.length === 1 ? openTrace(file, options) : openNamedTrace(file, options);

async function withEach(
  files: readonly string[],
  work: (file: string) => Promise<void>,
): Promise<TraceError[]> {
  await refuseStreams(files);
  const errors: TraceError[] = [];
  for (const [i, file] of files.entries()) {
    try {
      await work(file);
    } catch (error) {
      const isNoneLeft = i === files.length - 1 && errors.length === i;
      if (!isVfrError(error) || !isOfOneTrace(error) || isNoneLeft) throw error;
      printError(error);
      reportOmission();
      const { code, what: message, next } = error;
      errors.push({ trace: file, code, message, next });
    }
  }
  return errors;
}

/** A trace that cannot be read, or has no such device: others may be or have one. */
const isOfOneTrace = ({ kind, code }: VfrError): boolean =>
  kind === 'input' || code === 'DEVICE_UNKNOWN';

/** A trace that can be read only in part is an error, too. */
function partsMissing(reader: TraceReader): TraceError[] {
  const { truncated, damaged } = reader.completeness;
  if (!truncated && damaged === 0 && reader.missing === 0) return [];
  const message = describeCompleteness(reader);
  const next = '`vfr verify` says what is missing; the rest is used.';
  return [{ trace: reader.source.name, code: 'TRACE_INCOMPLETE', message, next }];
}
