/** The lines of hints, and the help, by context. */
import type { Context } from './command.js';
import { commandsOf, helpOf, hintsOf } from './commands.js';

const CONTEXTS = ['overview', 'events', 'state', 'why', 'sql'] as const satisfies Context[];

const byContext = <T>(of: (context: Context) => T) =>
  Object.fromEntries(CONTEXTS.map((context) => [context, of(context)])) as Record<Context, T>;

export const COMMANDS_HINTS = byContext(hintsOf);
export const HELP = byContext((context) => helpOf(commandsOf(context)));
