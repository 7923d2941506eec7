import { type Command, Option } from 'commander';
import { parseSeq } from '../number-options.js';
import {
  describeCompleteness,
  openTrace,
  openUnverified,
  type StrictOption,
  strictOption,
} from '../open-trace.js';
import { endTransient, hasColor, note } from '../output.js';
import type { ThemeName } from '../tui/text/theme.js';

interface BrowseOptions extends StrictOption {
  readonly at?: number;
  readonly where?: string;
  readonly theme: ThemeName;
  readonly mouse: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('browse')
    .description('look through the events in the terminal, with the state of the devices')
    .argument('<trace>', 'trace file')
    .argument('[other]', 'trace file to show beside it, with what differs')
    .option('--at <seq>', 'begin at the event of that number', parseSeq)
    .option('--where <condition>', 'begin with the events of an SQL condition')
    .addOption(
      new Option('--theme <name>', 'colours for a background that is')
        .choices(['auto', 'light', 'dark'])
        .default('auto'),
    )
    .option('--no-mouse', 'leave the mouse to the terminal');
  strictOption(command).action(run);
}

async function run(file: string, other: string | undefined, options: BrowseOptions): Promise<void> {
  // What is damaged is shown by the browser; --strict wants to know before.
  const reader =
    options.strict === true ? await openTrace(file, options) : await openUnverified(file);
  try {
    endTransient();
    await requireTerminal();
    const { browse } = await import('../tui/start-browser.js');
    const { at = null, where = null, theme, mouse } = options;
    const color = hasColor(process.stdout);
    const begin = { at, where, other: other ?? null };
    const shown = await browse(reader, { title: file, color, theme, mouse, ...begin });
    if (!shown.completeness.complete) note(`${file}: ${describeCompleteness(shown)}`);
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
