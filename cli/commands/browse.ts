import type { Command } from 'commander';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { endTransient, hasColor } from '../output.js';

export function register(program: Command): void {
  const command = program
    .command('browse')
    .description('look through the events in the terminal, with the state of the devices')
    .argument('<trace>', 'trace file');
  strictOption(command).action(run);
}

async function run(file: string, options: StrictOption): Promise<void> {
  const reader = await openTrace(file, options);
  try {
    endTransient();
    await requireTerminal();
    const { browse } = await import('../tui/start-browser.js');
    await browse(reader, file, hasColor(process.stdout));
  } finally {
    reader.close();
  }
}

async function requireTerminal(): Promise<void> {
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  const { VfrError } = await import('../../traces/index.js');
  const next = 'Run it in one, or print the events with `vfr events`.';
  throw new VfrError('NO_TERMINAL', 'browse needs a terminal', next);
}
