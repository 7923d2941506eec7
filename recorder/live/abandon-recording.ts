import { type RecordingSink, VfrError } from '../../traces/index.js';

/**
 * Ends the file of a recording that failed. What was recorded stays in FILE.partial, since it
 * cannot be recorded again. A recording that never began, because its options were wrong, leaves
 * nothing.
 *
 * @returns the error to report, which says where the recording is
 */
export function abandon(sink: RecordingSink, error: unknown): unknown {
  if (error instanceof VfrError && error.kind === 'usage') {
    sink.discard();
    return error;
  }
  sink.keep();
  if (!(error instanceof VfrError)) return error;
  const { code, what, place } = error;
  const next = `${error.next} What was recorded before is in ${sink.partial}.`;
  return new VfrError(code, what, next, place, { cause: error });
}
