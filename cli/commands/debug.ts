import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { kernelOption } from '../kernel-release.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { endTransient, note, print, write } from '../output.js';
import { seqsWhere } from '../seqs-where.js';

interface Options extends StrictOption {
  readonly kernel?: string;
}

export function register(program: Command): void {
  const command = program
    .command('debug')
    .description('step through a recording, forwards and backwards, and look at the state')
    .argument('<trace>', 'trace file')
    .addHelpText('after', '\nCommands are read from stdin, one per line; `help` lists them.');
  strictOption(kernelOption(command)).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { Timeline } = await import('../../replay/index.js');
  const { Debugger } = await import('../debugger.js');
  const reader = await openTrace(file, options);
  const input = createInterface({ input: process.stdin, terminal: false });
  try {
    const kernel = options.kernel ?? reader.meta.kernel;
    const timeline = new Timeline(reader, { ...reader.meta, kernel });
    const debug = new Debugger(timeline, (condition) => seqsWhere(file, reader, condition));
    endTransient();
    await prompt();
    for await (const line of input) {
      const reply = await answer(debug, line);
      if (reply === null) break;
      if (reply !== '') await print(reply);
      await prompt();
    }
  } finally {
    input.close();
    reader.close();
  }
}

const prompt = async () => {
  if (process.stdin.isTTY === true) await write('(vfr) ');
};

/** Runs one line. An invalid condition does not end the session. */
async function answer(debug: InstanceType<DebuggerClass>, line: string): Promise<string | null> {
  try {
    return await debug.run(line);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'VfrError') throw error;
    note(`vfr: ${error.message}`);
    return '';
  }
}

type DebuggerClass = typeof import('../debugger.js').Debugger;
