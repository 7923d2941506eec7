/** The command tree of `vfr`, and the reporting of failures. */
import { Command, CommanderError, Option } from 'commander';
import { COMMANDS } from './commands/index.js';
import { printError } from './error-text.js';
import { EXIT, type ExitCode, exitCodeOf, isVfrError } from './exit-codes.js';
import { COLOR_CHOICES, type ColorChoice, note, setColor } from './output.js';
import { version } from './package.js';
import { expectedError } from './system-error.js';

const EPILOGUE = `
Exit codes: 0 fine; 1 something was found (race, divergence, damage); 2 wrong
usage; 3 input unreadable, damaged, or incomplete with --strict; 4 not possible
on this machine; 70 internal error.`;

/** Longer lines are hard to read, even if the terminal is wider. */
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
 * @param argv the arguments after `vfr`
 * @returns the exit code, or undefined when the command set `process.exitCode` or nothing is wrong
 */
export async function run(argv: readonly string[]): Promise<ExitCode | undefined> {
  const program = createProgram();
  try {
    await program.parseAsync(argv, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return printUsage(error, program, argv);
    // The reader of a pipe may exit early (`vfr cat t.arrows | head`); that is not an error.
    if (isVfrError(error) && error.code === 'FILE_EPIPE') return undefined;
    return printFailure(error);
  }
}

/** Reports an error that nothing handled, and ends the program. */
export async function fail(error: unknown): Promise<never> {
  process.exit(await printFailure(error));
}

/** @returns the exit code of the error */
async function printFailure(error: unknown): Promise<ExitCode> {
  const failure = (await expectedError(error)) ?? error;
  printError(failure);
  return exitCodeOf(failure);
}

/** Commander ends `--help` and `--version` by an error with code 0. */
function printUsage(error: CommanderError, program: Command, argv: readonly string[]): ExitCode {
  if (error.exitCode === 0) return EXIT.fine;
  // Without a command, commander has printed the help, which is the answer.
  if (error.code === 'commander.help') return EXIT.usage;
  const command = program.commands.find((c) => argv.includes(c.name()));
  const [, what, proposal] = USAGE_ERROR.exec(error.message) ?? ['', error.message];
  note(`vfr: ${what}`);
  if (proposal !== undefined) note(`     ${proposal}`);
  note(`     Run \`${command === undefined ? 'vfr' : `vfr ${command.name()}`} --help\` for usage.`);
  return EXIT.usage;
}

/** Commander's message for a wrong command line; a suggestion is on a second line. */
const USAGE_ERROR = /^(?:error: )?(.*?)(?:\n(\(Did you mean .*\)))?$/s;

/** Reports that stdout or stderr cannot be written, whatever the command, and ends the program. */
export async function failOutput(error: NodeJS.ErrnoException): Promise<never> {
  const { fileError } = await import('../traces/index.js');
  return fail(fileError(error, '(standard output)', 'write'));
}
