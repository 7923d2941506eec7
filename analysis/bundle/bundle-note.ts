/** The note that makes a trace a bundle. */
import { type TraceReader, VfrError } from '../../traces/index.js';
import type { SecretKind } from './secret-numbers.js';
import type { TraceVerdict } from './trace-verdict.js';

/** Name of the note. */
export const NOTE = 'bundle';

export interface BundleNote {
  /** Version of the form. */
  readonly bundle: 1;
  /** Version of the vfr that made it. */
  readonly vfr: string;
  /** Version of the trace format. */
  readonly format: number;
  /** `modelVersion` of the vfr that made it. */
  readonly model: string;
  /** Of the run, by which its order was chosen; null for a recording, or if a search chose it. */
  readonly seed: number | null;
  /** Number of places that were redacted, by kind; null when nothing was to be redacted. */
  readonly redacted: Readonly<Record<SecretKind, number>> | null;
  readonly expected: TraceVerdict;
}

/** The note as a text of one line. */
export const bundleText = (note: BundleNote): string => JSON.stringify(note);

/** @throws VfrError `BUNDLE_DAMAGED`, or `BUNDLE_INVALID` when there is no verdict to repeat */
export function readBundle(reader: TraceReader): BundleNote {
  const file = reader.source.name;
  const { truncated, damaged } = reader.completeness;
  if (truncated || damaged > 0) {
    const next = 'Fetch the file again; `vfr verify` says what is damaged.';
    throw new VfrError('BUNDLE_DAMAGED', 'the bundle is cut or damaged', next, { file });
  }
  const text = reader.meta.notes[NOTE];
  if (text === undefined) {
    const next = 'Make one by `vfr bundle TRACE -o case.vfr`.';
    throw new VfrError('BUNDLE_INVALID', 'it is a trace, and not a bundle', next, { file });
  }
  const note = parsed(text);
  if (note !== null) return note;
  const next = 'Use the vfr that made it, or a newer one.';
  throw new VfrError('BUNDLE_INVALID', 'its verdict is not of a form that is known', next, {
    file,
  });
}

function parsed(text: string): BundleNote | null {
  try {
    const note: BundleNote | null = JSON.parse(text);
    const isBundle =
      note?.bundle === 1 &&
      typeof note.vfr === 'string' &&
      typeof note.model === 'string' &&
      typeof note.expected === 'object' &&
      note.expected !== null;
    return isBundle ? note : null;
  } catch {
    return null;
  }
}
