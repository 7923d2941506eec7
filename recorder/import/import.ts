import { FileSink, TraceWriter, VfrError } from '../../traces/index.js';
import { readSnapshotDirectory } from '../snapshot/directory.js';
import { emitSnapshot } from '../snapshot/snapshot.js';
import { WRITER } from '../writer.js';
import { IMPORTERS } from './formats.js';
import type { Importer, ImportReport, InputMeta } from './importer.js';
import { type Input, openInput } from './input.js';

export interface ImportOptions {
  readonly input: string;
  readonly output: string;
  /** Format by name; found from the content when missing. */
  readonly format?: string;
  /** Directory with the state of the machine when the recording began. */
  readonly snapshot?: string;
  /** Clock of the input's times, for inputs that do not tell: text of ftrace never does. */
  readonly clock?: string;
  /** Release of the recorded kernel, for inputs that do not tell. */
  readonly kernel?: string;
}

export interface ImportResult extends ImportReport {
  readonly format: string;
  readonly events: number;
}

/** Least confidence of an importer that is trusted with an input. */
const CONFIDENCE_MIN = 0.2;

/**
 * Imports one input into a new trace.
 * @throws VfrError when the input cannot be read or no importer knows it; the output is then as it
 * was before
 */
export function importInput(options: ImportOptions): ImportResult {
  const input = openInput(options.input);
  const importer = chooseImporter(input, options.format);
  const state = options.snapshot === undefined ? null : readSnapshotDirectory(options.snapshot);
  const meta = complete(importer.meta(input), options);
  const sink = new FileSink(options.output);
  try {
    const writer = new TraceWriter(sink, {
      ...meta,
      writer: WRITER,
      notes: { ...meta.notes, input: options.input, format: importer.format },
    });
    if (state !== null) {
      writer.events.source('sysfs');
      emitSnapshot(writer.events, state, 'start');
    }
    const report = importer.read(input, writer.events);
    writer.countLost(report.lost);
    writer.finish();
    sink.commit();
    return { ...report, format: importer.format, events: writer.events.seq };
  } catch (error) {
    sink.discard();
    throw error;
  }
}

/** Fills in what the input itself does not tell; what it tells is believed. */
function complete(meta: InputMeta, { clock, kernel }: ImportOptions): InputMeta {
  return {
    ...meta,
    ...(meta.clock === 'unknown' && clock !== undefined ? { clock } : {}),
    ...(meta.kernel === undefined && kernel !== undefined ? { kernel } : {}),
  };
}

function chooseImporter(input: Input, format: string | undefined): Importer {
  if (format !== undefined) {
    const named = IMPORTERS.find((importer) => importer.format === format);
    if (named !== undefined) return named;
    const known = IMPORTERS.map((importer) => importer.format).join(', ');
    throw new VfrError(
      'usage',
      'FORMAT_UNKNOWN',
      `no format is called ${JSON.stringify(format)}`,
      `Known formats: ${known}.`,
    );
  }
  const scored = IMPORTERS.map((importer) => ({
    importer,
    confidence: importer.detect(input.head, input.name),
  }));
  const best = scored.reduce((a, b) => (b.confidence > a.confidence ? b : a));
  if (best.confidence >= CONFIDENCE_MIN) return best.importer;
  throw new VfrError(
    'unreadable',
    'FORMAT_NOT_RECOGNISED',
    'the content is of no format that vfr knows',
    'See `vfr import --list`, or name the format with --format.',
    { file: input.name },
  );
}
