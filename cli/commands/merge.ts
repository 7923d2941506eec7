import { type Command, InvalidArgumentError } from 'commander';
import type { TraceReader } from '../../traces/index.js';
import { openTraces, type StrictOption, strictOption } from '../trace.js';
import { type OutputOption, outputOption, writerName, writeTrace } from '../trace-output.js';

interface Options extends OutputOption, StrictOption {
  readonly offset: readonly bigint[];
}

export function register(program: Command): void {
  const command = program
    .command('merge')
    .description('put several traces on one timeline, that of the first')
    .argument('<traces...>', 'trace files')
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
