import { type OutputSink, openSink, TraceWriter, VfrError } from '../../traces/index.js';
import { emitSnapshot } from '../snapshot/emit-snapshot.js';
import { readSnapshotDirectory } from '../snapshot/snapshot-directory.js';
import { WRITER } from '../writer-name.js';
import type { Importer, ImportReport, InputMeta } from './importer.js';
import { type Input, openInput } from './input-stream.js';
import { mainFileOf } from './perf-data/index.js';
import { recognise } from './recognise.js';

export interface ImportOptions {
  readonly input: string;
  /** File to write, or another destination of the trace. */
  readonly output: string | OutputSink;
  /** Permissions of the file, when it is not to be as private as a recording. */
  readonly mode?: number;
  /** Format by name; found from the content when missing. */
  readonly format?: string;
  /** Importers to try; by default `IMPORTERS`. */
  readonly importers?: readonly Importer[];
  /** Directory with the state of the machine when the recording began. */
  readonly snapshot?: string;
  /** Clock of the input's times, for inputs that do not state it. Text of ftrace never does. */
  readonly clock?: string;
  /** Release of the recorded kernel, for inputs that do not state it. */
  readonly kernel?: string;
  /** Refuse an input that is cut, damaged, or says that events were lost. */
  readonly strict?: boolean;
  /** Called with the number of bytes of the input read so far, and its size; 0 for a pipe. */
  readonly progress?: (bytes: number, size: number) => void;
}

export interface ImportResult extends ImportReport {
  readonly format: string;
  readonly events: number;
  /** Events of the trace by kind, the most frequent first. */
  readonly kinds: Readonly<Record<string, number>>;
}

/**
 * Imports one input into a new trace.
 * @throws VfrError when the input cannot be read or no importer knows it; the output is then as it
 * was before
 */
export function importInput(options: ImportOptions): ImportResult {
  const { progress } = options;
  const input = openInput(mainFileOf(options.input), { ...(progress && { progress }) });
  const { importer, text } = recognise(input, options.format, options.importers);
  const state = options.snapshot === undefined ? null : readSnapshotDirectory(options.snapshot);
  const meta = complete(importer.meta(text), options);
  const sink = sinkOf(options);
  try {
    const writer = new TraceWriter(sink, {
      ...meta,
      writer: WRITER,
      notes: { ...meta.notes, input: options.input, format: importer.format },
    });
    if (state !== null) {
      emitSnapshot(writer.events, 'sysfs', state, 'start');
    }
    const report = withFailure(importer.read(text, writer.events), input);
    if (options.strict === true) refuseIncomplete(report, options.input);
    writer.countLost(report.lost);
    writer.finish();
    const { kinds } = writer;
    sink.commit();
    return { ...report, format: importer.format, events: writer.events.seq, kinds };
  } catch (error) {
    sink.discard();
    throw error;
  }
}

function sinkOf({ output, input, snapshot, mode }: ImportOptions): OutputSink {
  if (typeof output !== 'string') return output;
  const inputs = snapshot === undefined ? [input] : [input, snapshot];
  return openSink({ file: output, inputs, ...(mode !== undefined && { mode }) });
}

/** If the bytes ended early, the importer stopped there too, whatever it reports. */
const withFailure = (report: ImportReport, { failure }: Input): ImportReport =>
  failure === undefined || failure === null ? report : { ...report, stopped: failure };

function refuseIncomplete({ stopped, lost }: ImportReport, file: string): void {
  if (stopped === undefined && lost === 0) return;
  const what = stopped?.why ?? `the recording says that ${lost} events were lost`;
  const next = 'Leave --strict out to import what is there.';
  const place = { file, ...(stopped && { offset: stopped.offset }) };
  throw new VfrError('INPUT_INCOMPLETE', what, next, place);
}

/** Adds what the input itself does not state. What it states takes precedence. */
function complete(meta: InputMeta, { clock, kernel }: ImportOptions): InputMeta {
  return {
    ...meta,
    ...(meta.clock === 'unknown' && clock !== undefined ? { clock } : {}),
    ...(meta.kernel === undefined && kernel !== undefined ? { kernel } : {}),
  };
}
