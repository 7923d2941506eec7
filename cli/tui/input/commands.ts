/**
 * The commands of the browser. Each is declared once: the dispatch, the help and the line of hints
 * are derived from this list. docs/contributing/key.md says how to add one.
 */
import { assert } from '../../../traces/index.js';
import { type Browser, LOOKING, type Step } from '../model/browser.js';
import { CONTEXTS, type Command, type Context, contextOf } from './command.js';
import { DIFF_COMMANDS } from './diff-commands.js';
import { FILTERS } from './filter-commands.js';
import { JUMPS } from './jump-commands.js';
import { MOVES } from './move-commands.js';
import { OVERVIEW_COMMANDS } from './overview-commands.js';
import { PANE_COMMANDS } from './pane-commands.js';
import { markWith, PROMPTS } from './prompt-commands.js';
import { editPrompt } from './prompt-line.js';

const COMMANDS: readonly Command[] = [
  ...OVERVIEW_COMMANDS,
  ...PANE_COMMANDS,
  ...JUMPS,
  ...DIFF_COMMANDS,
  ...FILTERS,
  ...PROMPTS,
  ...MOVES,
];

/** The commands that work in a context. */
export const commandsOf = (context: Context): readonly Command[] =>
  COMMANDS.filter((command) => command.in?.includes(context) ?? true);

const BY_KEY = new Map(CONTEXTS.map((context) => [context, byKey(context)] as const));

function byKey(context: Context): ReadonlyMap<string, Command> {
  const map = new Map<string, Command>();
  for (const command of commandsOf(context)) {
    for (const key of command.keys) {
      assert(!map.has(key), `two commands of ${context} have the key ${key}`);
      map.set(key, command);
    }
  }
  return map;
}

/**
 * Runs the command of a key.
 * @param key the character, or the name of a special key such as `up`
 * @param height rows that fit the list
 */
export function press(browser: Browser, key: string, height: number): Step {
  if (browser.prompt !== null) return editPrompt(browser, browser.prompt, key, height);
  if (browser.pending !== null) return { browser: markWith(browser, key, height) };
  if (browser.help !== null) return { browser: { ...browser, help: helpAfter(browser.help, key) } };
  const at = { ...browser, message: browser.looking ? LOOKING : '' };
  return BY_KEY.get(contextOf(at))?.get(key)?.run(at, height) ?? { browser: at };
}

const HELP_STEPS: Readonly<Record<string, number>> = {
  up: -1,
  k: -1,
  down: 1,
  j: 1,
  pageup: -10,
  pagedown: 10,
  ' ': 10,
};

/** The help scrolls, and closes at any other key. */
function helpAfter(first: number, key: string): number | null {
  const step = HELP_STEPS[key];
  return step === undefined ? null : Math.max(0, first + step);
}

/** Width of the column of keys, including the space after it. */
const KEYS_WIDTH = 17;

/** The lines of the help: the keys of a command, and what they do. */
export function helpOf(commands: readonly Command[]): readonly string[] {
  const lines = new Map<string, string[]>();
  for (const { keys, shown, help } of commands) {
    const names = lines.get(help) ?? [];
    lines.set(help, names);
    names.push(shown ?? keys.join(' '));
  }
  return [...lines].map(([help, names]) => `${names.join(' ').padEnd(KEYS_WIDTH)}${help}`);
}

/** The line at the bottom when there is no message. */
export const hintsOf = (context: Context): string =>
  commandsOf(context)
    .filter(({ hint }) => hint !== undefined)
    .map(({ keys, shown, hint }) => `${shown ?? keys[0]} ${hint}`)
    .join('  ');
