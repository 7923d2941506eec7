import { type Command, InvalidArgumentError } from 'commander';
import type { TraceMeta, TraceReader } from '../../traces/index.js';
import { note } from '../output.js';
import { openTraces, type StrictOption, strictOption } from '../trace.js';
import { type OutputOption, outputOption, writerName, writeTrace } from '../trace-output.js';

interface Options extends OutputOption, StrictOption {
  readonly offset: readonly bigint[];
  readonly align?: true;
}

export function register(program: Command): void {
  const command = program
    .command('merge')
    .description(
      'put several traces on one timeline, that of the first; a QEMU log without times is aligned ' +
        'with the trace of the kernel that it ran on by the accesses that both show',
    )
    .argument('<traces...>', 'trace files')
    .option('--align', 'align two traces by the accesses that both show, even if both have times')
    .option(
      '--offset <nanoseconds>',
      'what to add to the times of a trace; give one for each, in order',
      (text: string, before: readonly bigint[]) => [...before, parseOffset(text)],
      [],
    );
  strictOption(outputOption(command)).action(run);
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const { mergedMeta, mergeTraces } = await import('../../traces/index.js');
  const readers = await openTraces(files, options);
  try {
    if (wantsAlignment(readers, options)) {
      await mergeAligned(readers, options);
      return;
    }
    const offsets = await offsetsOf(readers, options.offset);
    const meta = mergedMeta(
      readers.map((reader) => reader.meta),
      writerName(),
    );
    const inputs = readers.map((reader, i) => ({ reader, offsetNs: offsets[i] }));
    await writeTrace(options, readers, meta, (writer) => mergeTraces(inputs, writer));
  } finally {
    for (const reader of readers) reader.close();
  }
}

/** Two traces of which one has no times of its own can only be aligned by what they show. */
const wantsAlignment = (readers: readonly TraceReader[], { align, offset }: Options): boolean =>
  align === true ||
  (offset.length === 0 && readers.length === 2 && readers.some(({ meta }) => isTimeless(meta)));

const isTimeless = ({ clock }: TraceMeta) => clock === 'none';

/** Merges the trace of a kernel and that of a guest; the one without times is the guest's. */
async function mergeAligned(readers: readonly TraceReader[], options: Options): Promise<void> {
  const { alignedMeta, alignRecordings, describeAlignment, writeAligned } = await import(
    '../../recorder/index.js'
  );
  const { VfrError } = await import('../../traces/index.js');
  if (readers.length !== 2) {
    const what = `${readers.length} traces cannot be aligned at once`;
    const next = 'Align two, and merge the result with the others.';
    throw new VfrError('usage', 'ALIGN_TWO', what, next);
  }
  const [kernel, guest] = isTimeless(readers[0].meta) ? [readers[1], readers[0]] : readers;
  const alignment = alignRecordings(kernel, guest);
  const meta = alignedMeta(alignment, writerName());
  await writeTrace(options, readers, meta, (writer) => writeAligned(alignment, writer));
  note(describeAlignment(alignment.report));
}

async function offsetsOf(
  readers: readonly TraceReader[],
  given: readonly bigint[],
): Promise<readonly bigint[]> {
  const { alignClocks, VfrError } = await import('../../traces/index.js');
  if (given.length === 0) {
    return alignClocks(readers.map(({ source: { name }, meta }) => ({ name, meta })));
  }
  if (given.length === readers.length) return given;
  const what = `${given.length} offsets for ${readers.length} traces`;
  throw new VfrError(
    'usage',
    'OFFSETS_MISSING',
    what,
    'Give --offset once for each trace, or not at all.',
  );
}

function parseOffset(text: string): bigint {
  if (!/^[+-]?\d{1,20}$/.test(text))
    throw new InvalidArgumentError('Nanoseconds are whole numbers.');
  return BigInt(text.replace('+', ''));
}
