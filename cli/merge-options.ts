/** Puts traces on one timeline, for `vfr merge` and for an import of several inputs. */
import { type Command, InvalidArgumentError } from 'commander';
import type { TraceMeta, TraceReader } from '../traces/index.js';
import { listOf } from './list-options.js';
import { note } from './output.js';
import { plural } from './plural.js';
import { type OutputOption, writerName, writeTrace } from './trace-output.js';

export interface MergeOptions {
  readonly offset?: readonly bigint[];
  readonly align?: true;
}

export const mergeOptions = (command: Command): Command =>
  command
    .option('--align', 'align two traces by the accesses that both show, even if both have times')
    .option(
      '--offset <nanoseconds>',
      'what to add to the times: one for each trace, in order (repeatable, or by commas)',
      listOf(parseOffset),
    );

/**
 * Merges open traces into one; the caller closes them.
 * @returns the number of events written
 * @throws VfrError when their clocks cannot be related
 */
export async function mergeReaders(
  readers: readonly TraceReader[],
  options: MergeOptions & OutputOption,
): Promise<number> {
  if (wantsAlignment(readers, options)) return mergeAligned(readers, options);
  const { mergedMeta, mergeTraces } = await import('../traces/index.js');
  const offsets = await offsetsOf(readers, options.offset ?? []);
  const meta = mergedMeta(
    readers.map((reader) => reader.meta),
    writerName(),
  );
  const inputs = readers.map((reader, i) => ({ reader, offsetNs: offsets[i] }));
  return writeTrace(options, readers, meta, (writer) => {
    mergeTraces(inputs, writer);
    return writer.events.seq;
  });
}

/**
 * If one of two traces has no times of its own, they can only be aligned by the accesses in both.
 */
const wantsAlignment = (
  readers: readonly TraceReader[],
  { align, offset }: MergeOptions,
): boolean =>
  align === true ||
  (offset === undefined && readers.length === 2 && readers.some(({ meta }) => isTimeless(meta)));

const isTimeless = ({ clock }: TraceMeta) => clock === 'none';

/** Merges the trace of a kernel with that of a guest, which is the one without times. */
async function mergeAligned(
  readers: readonly TraceReader[],
  options: OutputOption,
): Promise<number> {
  const { alignedMeta, alignRecordings, describeAlignment, writeAligned } = await import(
    '../recorder/index.js'
  );
  const { VfrError } = await import('../traces/index.js');
  if (readers.length !== 2) {
    const what = `${plural(readers.length, 'trace')} cannot be aligned at once`;
    const next = 'Align two, and merge the result with the others.';
    throw new VfrError('ALIGN_TWO', what, next);
  }
  const [kernel, guest] = isTimeless(readers[0].meta) ? [readers[1], readers[0]] : readers;
  const alignment = alignRecordings(kernel, guest);
  const meta = alignedMeta(alignment, writerName());
  const events = await writeTrace(options, readers, meta, (writer) => {
    writeAligned(alignment, writer);
    return writer.events.seq;
  });
  note(describeAlignment(alignment.report));
  return events;
}

async function offsetsOf(
  readers: readonly TraceReader[],
  given: readonly bigint[],
): Promise<readonly bigint[]> {
  const { alignClocks, VfrError } = await import('../traces/index.js');
  if (given.length === 0) {
    return alignClocks(readers.map(({ source: { name }, meta }) => ({ name, meta })));
  }
  if (given.length === readers.length) return given;
  const what = `${plural(given.length, 'offset')} for ${plural(readers.length, 'trace')}`;
  throw new VfrError('OFFSETS_MISSING', what, 'Give --offset once for each trace, or not at all.');
}

function parseOffset(text: string): bigint {
  if (!/^[+-]?\d{1,20}$/.test(text))
    throw new InvalidArgumentError('Nanoseconds are whole numbers.');
  return BigInt(text.replace('+', ''));
}
