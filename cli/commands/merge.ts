import type { Command } from 'commander';
import { type MergeOptions, mergeOptions, mergeReaders } from '../merge-options.js';
import { openTraces, type StrictOption, strictOption } from '../open-trace.js';
import { type OutputOption, outputOption } from '../trace-output.js';

interface Options extends MergeOptions, OutputOption, StrictOption {}

export function register(program: Command): void {
  const command = program
    .command('merge')
    .description(
      'put several traces on one timeline, that of the first; a QEMU log without times is ' +
        'aligned with the trace of its kernel by the accesses that both show',
    )
    .argument('<traces...>', 'trace files');
  strictOption(outputOption(mergeOptions(command))).action(run);
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const readers = await openTraces(files, options);
  try {
    await mergeReaders(readers, options);
  } finally {
    for (const reader of readers) reader.close();
  }
}
