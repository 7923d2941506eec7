/**
 * The commands of the browser. Each is declared once: the dispatch, the help and the line of hints
 * are derived from this list. docs/contributing/key.md says how to add one.
 */
import { assert, type Kind, kindsWhere } from '../../traces/index.js';
import {
  ask,
  type Browser,
  current,
  filtered,
  LOOKING,
  moveTo,
  type PromptKind,
  type Request,
  type Step,
} from './browser.js';
import {
  currentDevice,
  type Direction,
  jumpBy,
  jumpOnDevice,
  NO_DEVICE,
  nextMatch,
  otherEnd,
} from './jumps.js';
import { editPrompt } from './prompt.js';

/** Applies a command to a browser whose screen shows `rows` events. */
type Run = (browser: Browser, rows: number) => Step;

export interface Command {
  /** A character, or the name of a special key (key-names.ts). */
  readonly keys: readonly string[];
  /** Text of the help; commands with the same `help` share a line. */
  readonly help: string;
  /** The keys in the help, if they differ from `keys`. */
  readonly shown?: string;
  /** A word for the line of hints below the list. */
  readonly hint?: string;
  readonly run: Run;
}

/** A command that only changes the view. */
const shows =
  (change: (browser: Browser, rows: number) => Browser): Run =>
  (browser, rows) => ({ browser: change(browser, rows) });

const moves = (target: (browser: Browser, rows: number) => number): Run =>
  shows((browser, rows) => moveTo(browser, target(browser, rows), rows));

const asks =
  (request: Request): Run =>
  (browser) =>
    ask(browser, request);

const prompts = (kind: PromptKind): Run =>
  shows((browser) => ({ ...browser, prompt: { kind, text: '' } }));

const match = (step: Direction): Run =>
  shows((browser, rows) => {
    const ref = current(browser);
    return ref === null ? browser : nextMatch(browser, ref.seq, step, rows);
  });

/** Two commands: a key jumps to the next event of some kinds, its upper case to the one before. */
const jumps = (key: string, what: string, kinds: readonly Kind[], hint?: string): Command[] => {
  const to = (step: Direction): Run =>
    shows((browser, rows) => jumpBy(browser, 'kind', kinds, step, what, rows));
  const help = `next, previous ${what}`;
  return [
    { keys: [key], help, run: to(1), ...(hint === undefined ? {} : { hint }) },
    { keys: [key.toUpperCase()], help, run: to(-1) },
  ];
};

export const COMMANDS: readonly Command[] = [
  { keys: ['?'], help: 'this page, the next one, and away again', hint: 'keys', run: nextHelp },
  {
    keys: ['q'],
    help: 'quit',
    hint: 'quit',
    run: (browser) => ({ browser, request: { type: 'quit' } }),
  },
  { keys: ['up', 'k'], shown: '↑ k', help: 'one event up', run: moves((b) => b.cursor - 1) },
  { keys: ['down', 'j'], shown: '↓ j', help: 'one event down', run: moves((b) => b.cursor + 1) },
  {
    keys: ['pageup'],
    shown: 'PgUp',
    help: 'one screen up',
    run: moves((b, rows) => b.cursor - rows),
  },
  {
    keys: ['pagedown', ' '],
    shown: 'PgDn space',
    help: 'one screen down',
    run: moves((b, rows) => b.cursor + rows),
  },
  { keys: ['g', 'home'], shown: 'g Home', help: 'first event', run: moves(() => 0) },
  {
    keys: ['G', 'end'],
    shown: 'G End',
    help: 'last event',
    run: moves((b) => b.list.length - 1),
  },
  { keys: [':'], help: 'go to a sequence number', run: prompts('goto') },
  {
    keys: ['f'],
    help: "show only events of an SQL condition: kind = 'bind' AND cpu = 1",
    hint: 'filter',
    run: prompts('filter'),
  },
  { keys: ['F'], help: 'show only events of this device', run: onlyDevice },
  { keys: ['escape'], shown: 'Esc', help: 'stop looking; show all events again', run: stop },
  { keys: ['/'], help: 'search a text', hint: 'search', run: prompts('search') },
  { keys: ['n'], help: 'next, previous match', hint: 'next', run: match(1) },
  { keys: ['N'], help: 'next, previous match', run: match(-1) },
  {
    keys: ['v'],
    help: 'what replay did not predict (n: next)',
    hint: 'diverged',
    run: asks({ type: 'divergences' }),
  },
  {
    keys: ['r'],
    help: 'operations that raced for a device (n: next)',
    hint: 'race',
    run: asks({ type: 'races' }),
  },
  ...jumps('p', 'probe', ['probe']),
  ...jumps('b', 'bind or unbind', ['bind', 'unbind']),
  ...jumps('w', 'write to sysfs', ['sysfs.write']),
  ...jumps('c', 'write to configuration space', ['config.write'], 'config'),
  ...jumps(
    'x',
    'fault',
    kindsWhere(({ family }) => family === 'fault' || family === 'signal'),
  ),
  ...jumps('l', 'lost events', ['lost']),
  { keys: ['d'], help: 'next, previous event of the same device', run: onDevice(1) },
  { keys: ['D'], help: 'next, previous event of the same device', run: onDevice(-1) },
  {
    keys: ['s'],
    help: 'from the begin of a call to its end and back (┌ └)',
    hint: 'span',
    run: shows(otherEnd),
  },
];

const BY_KEY: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => command.keys.map((key) => [key, command] as const)),
);
assert(
  BY_KEY.size === COMMANDS.reduce((count, { keys }) => count + keys.length, 0),
  'two commands have the same key',
);

/**
 * Runs the command of a key.
 * @param key the character, or the name of a special key such as `up`
 * @param rows events that fit the screen
 */
export function press(browser: Browser, key: string, rows: number): Step {
  if (browser.prompt !== null) return editPrompt(browser, browser.prompt, key, rows);
  const message = browser.looking ? LOOKING : '';
  const help = key === '?' ? browser.help : 0;
  const at = { ...browser, message, help };
  return BY_KEY.get(key)?.run(at, rows) ?? { browser: at };
}

function nextHelp(browser: Browser): Step {
  return { browser: { ...browser, help: browser.help + 1 } };
}

/** Stops the work in progress, or else removes the filter. */
function stop(browser: Browser, rows: number): Step {
  if (browser.looking) {
    return { browser: { ...browser, looking: false, message: '' }, request: { type: 'cancel' } };
  }
  return { browser: browser.filter === '' ? browser : filtered(browser, '', null, rows) };
}

/** Filters the events of the device under the cursor. */
function onlyDevice(browser: Browser): Step {
  const device = currentDevice(browser);
  if (device === null) return { browser: { ...browser, message: NO_DEVICE } };
  const condition = `device = '${device.replaceAll("'", "''")}'`;
  return ask(browser, { type: 'filter', condition });
}

function onDevice(step: Direction): Run {
  return shows((browser, rows) => jumpOnDevice(browser, step, rows));
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

/** The line below the list when there is no message. */
export const hintsOf = (commands: readonly Command[]): string =>
  commands
    .filter(({ hint }) => hint !== undefined)
    .map(({ keys, hint }) => `${keys[0]} ${hint}`)
    .join('  ');
