/** The command tree of `vfr`, and how a failure of any command is told. */
import { Command, CommanderError, Option } from 'commander';
import type { VfrError } from '../traces/index.js';
import { COMMANDS } from './commands/index.js';
import { EXIT, type ExitCode, exitCodeOf, isVfrError } from './exit-codes.js';
import { COLOR_CHOICES, type ColorChoice, note, noteLines, setColor } from './output.js';
import { version } from './package.js';
import { printable } from './printable.js';
import { expectedError } from './system-error.js';

const EPILOGUE = `
Exit codes: 0 fine; 1 something was found (race, divergence, damage); 2 wrong
usage; 3 input unreadable, damaged, or incomplete with --strict; 4 not possible
on this machine; 70 internal error.`;

/** Lines longer than this are hard to read, also where there is room for them. */
const HELP_WIDTH = 80;

const helpWidth = (): number => Math.min(HELP_WIDTH, process.stdout.columns ?? HELP_WIDTH);

export function createProgram(): Command {
  const color = new Option('--color <when>', 'colour the output').choices(COLOR_CHOICES);
  const program: Command = new Command('vfr')
    .description('The VFIO flight recorder: record, replay and query what happens to PCI devices.')
    .version(version())
    .addOption(color.default('auto'))
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: () => {},
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
    })
    .exitOverride()
    .hook('preAction', () => setColor(program.opts<{ color: ColorChoice }>().color))
    .addHelpText('after', EPILOGUE);
  for (const { heading, commands } of COMMANDS) {
    program.commandsGroup(heading);
    for (const { register } of commands) register(program);
  }
  return program;
}

/**
 * Runs the program.
 * @param argv what follows `vfr` on the command line
 * @returns the exit code, or undefined when the command set `process.exitCode` or nothing is wrong
 */
export async function run(argv: readonly string[]): Promise<ExitCode | undefined> {
  const program = createProgram();
  try {
    await program.parseAsync(argv, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return tellUsage(error, program, argv);
    // Who reads a pipe may leave (`vfr cat t.arrows | head`); that is no failure.
    if (isVfrError(error) && error.code === 'FILE_EPIPE') return undefined;
    return tellFailure(error);
  }
}

/** Tells of what nobody waited for, and ends. */
export async function fail(error: unknown): Promise<never> {
  process.exit(await tellFailure(error));
}

/** @returns the exit code that it stands for */
async function tellFailure(error: unknown): Promise<ExitCode> {
  const failure = (await expectedError(error)) ?? error;
  tellError(failure);
  return exitCodeOf(failure);
}

/** Commander ends `--help` and `--version` by an error with code 0. */
function tellUsage(error: CommanderError, program: Command, argv: readonly string[]): ExitCode {
  if (error.exitCode === 0) return EXIT.fine;
  // Without a command commander has printed the help, which is answer enough.
  if (error.code === 'commander.help') return EXIT.usage;
  const command = program.commands.find((c) => argv.includes(c.name()));
  const [, what, proposal] = USAGE_ERROR.exec(error.message) ?? ['', error.message];
  note(`vfr: ${what}`);
  if (proposal !== undefined) note(`     ${proposal}`);
  note(`     Run \`${command === undefined ? 'vfr' : `vfr ${command.name()}`} --help\` for usage.`);
  return EXIT.usage;
}

/** What commander says of a wrong command line; the word that was meant is on a second line. */
const USAGE_ERROR = /^(?:error: )?(.*?)(?:\n(\(Did you mean .*\)))?$/s;

/** Tells that stdout or stderr cannot be written, for which no command is to blame, and ends. */
export async function failOutput(error: NodeJS.ErrnoException): Promise<never> {
  const { fileError } = await import('../traces/index.js');
  return fail(fileError(error, '(standard output)', 'write'));
}

function tellError(error: unknown): void {
  if (isVfrError(error)) {
    tellWhat(error);
    note(`     ${error.next} (${error.code})`);
    return;
  }
  const trace = error instanceof Error ? String(error.stack) : String(error);
  noteLines(lines(`vfr: internal error: ${trace}`).join('\n'));
  note('     This is a bug in vfr. Report it with the command line and the message above.');
}

/** What DuckDB says of SQL points at a place below; nothing else has more than one line. */
function tellWhat({ message, what, code }: VfrError): void {
  if (code !== 'SQL_FAILED' || !message.endsWith(what)) {
    note(`vfr: ${message}`, 'red');
    return;
  }
  const [first, ...rest] = lines(`vfr: ${message}`);
  note(first, 'red');
  for (const line of rest) note(`     ${line}`, 'red');
}

const lines = (text: string) => text.split('\n').map(printable);
