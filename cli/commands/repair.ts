import type { Command } from 'commander';
import { openTrace } from '../open-trace.js';
import { note } from '../output.js';
import { plural } from '../plural.js';
import { type OutputOption, outputOption, writerName, writeTrace } from '../trace-output.js';

export function register(program: Command): void {
  const command = program
    .command('repair')
    .description('write what can be saved of a damaged trace, with `lost` events for the rest')
    .argument('<trace>', 'damaged or cut trace, - for stdin');
  outputOption(command).action(run);
}

async function run(file: string, options: OutputOption): Promise<void> {
  const { rewriteTrace } = await import('../../traces/index.js');
  const reader = await openTrace(file, {});
  try {
    const meta = { ...reader.meta, notes: { ...reader.meta.notes, repairedBy: writerName() } };
    const { events, losses } = await writeTrace(
      options,
      [reader],
      meta,
      (writer) => rewriteTrace(reader, writer, {}),
      (saved) => ({ losses: saved.losses }),
    );
    note(`${file}: ${plural(events, 'event')} saved`);
    for (const { events: lost, text } of losses) {
      const some =
        lost === null ? 'lost, their number is not known' : `lost ${plural(lost, 'event')}`;
      note(`${file}: ${lost === 0 ? 'kept without what is' : `${some}:`} ${text}`, 'yellow');
    }
  } finally {
    reader.close();
  }
}
