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
import { hasTerminal, requireTerminal } from '../require-terminal.js';
import type { ThemeName } from '../tui/text/theme.js';

interface BrowseOptions extends StrictOption {
  readonly at?: number;
  readonly where?: string;
  readonly follow?: boolean;
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
    .option('--follow', 'show what is added to a trace that is being recorded')
    .addOption(
      new Option('--theme <name>', 'colours for a background that is')
        .choices(['auto', 'light', 'dark'])
        .default('auto'),
    )
    .option('--no-mouse', 'leave the mouse to the terminal');
  strictOption(command).action(run);
}

async function run(file: string, other: string | undefined, options: BrowseOptions): Promise<void> {
  // What is damaged is shown by the browser. With --strict it is checked before; without a terminal
  // it is reported on standard error.
  const reader =
    options.strict === true || !hasTerminal()
      ? await openTrace(file, options)
      : await openUnverified(options.follow === true ? await recordingOf(file) : file);
  try {
    endTransient();
    await requireTerminal('browse');
    const { browse } = await import('../tui/start-browser.js');
    const { at = null, where = null, follow = false, theme, mouse } = options;
    const color = hasColor(process.stdout);
    const begin = { at, where, other: other ?? null };
    const shown = await browse(reader, { title: file, color, theme, mouse, follow, ...begin });
    if (!shown.completeness.complete) note(`${file}: ${describeCompleteness(shown)}`);
  } finally {
    reader.close();
  }
}

/** Until a recording is complete, it has a name of its own. */
async function recordingOf(file: string): Promise<string> {
  const { recordedTo } = await import('../../traces/index.js');
  return recordedTo(file);
}
