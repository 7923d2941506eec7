/** The lines of hints, and the help, by context. */
import { CONTEXTS, type Context } from './command.js';
import { commandsOf, helpOf, hintsOf } from './commands.js';

const byContext = <T>(of: (context: Context) => T) =>
  Object.fromEntries(CONTEXTS.map((context) => [context, of(context)])) as Record<Context, T>;

export const COMMANDS_HINTS = byContext(hintsOf);
export const HELP = byContext((context) => helpOf(commandsOf(context)));
