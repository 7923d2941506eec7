import type { Command } from 'commander';
import { openTraces, type StrictOption, strictOption } from '../open-trace.js';
import { type OutputOption, outputOption, writerName, writeTrace } from '../trace-output.js';

interface Options extends OutputOption, StrictOption {}

export function register(program: Command): void {
  const command = program
    .command('cat')
    .description('write traces one after the other as one trace, for pipes')
    .argument('<traces...>', 'trace files, - for stdin');
  strictOption(outputOption(command)).action(run);
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const { mergedMeta, rewriteTrace } = await import('../../traces/index.js');
  const readers = await openTraces(files, options);
  try {
    const meta = mergedMeta(
      readers.map((reader) => reader.meta),
      writerName(),
    );
    await writeTrace(options, readers, meta, (writer) => {
      for (const reader of readers) rewriteTrace(reader, writer, {});
    });
  } finally {
    for (const reader of readers) reader.close();
  }
}
