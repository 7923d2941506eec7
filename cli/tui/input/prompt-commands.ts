/** Commands that need a line or a character, and those that work everywhere. */
import {
  type Browser,
  cancelled,
  current,
  jumpTo,
  type PromptKind,
  type Request,
  type Step,
} from '../model/browser.js';
import { EMPTY } from '../model/line-edit.js';
import { type Command, EVENTS, shows } from './command.js';

const prompts = (kind: PromptKind) =>
  shows((browser) => ({ ...browser, prompt: { kind, line: EMPTY, recalled: -1 } }));

const requests =
  (request: Request) =>
  (browser: Browser): Step => ({ browser, request });

/** Stops the work in progress, or else ends the program. */
function interrupt(browser: Browser): Step {
  return browser.looking ? cancelled(browser) : { browser, request: { type: 'quit' } };
}

export const PROMPTS: readonly Command[] = [
  {
    keys: ['?'],
    help: 'the keys that work here',
    hint: 'keys',
    run: shows((b) => ({ ...b, help: 0 })),
  },
  { keys: ['q'], help: 'quit', hint: 'quit', run: requests({ type: 'quit' }) },
  { keys: ['ctrl-c'], shown: '^C', help: 'stop looking; quit', run: interrupt },
  { keys: ['ctrl-z'], shown: '^Z', help: 'suspend', run: requests({ type: 'suspend' }) },
  { keys: ['/'], help: 'search a text', hint: 'search', run: prompts('search') },
  {
    keys: ['f'],
    help: "only events of an SQL condition: kind = 'bind' AND cpu = 1",
    hint: 'filter',
    run: prompts('filter'),
  },
  {
    keys: [';'],
    help: 'ask with SQL; Enter on a row goes to its event',
    hint: 'SQL',
    run: prompts('sql'),
  },
  {
    keys: [':'],
    help: 'a command: 1234, 5.2s, 12:30:01, hide KIND, device BDF, … (Tab completes)',
    run: prompts('command'),
  },
  {
    keys: ['m'],
    help: 'mark the event with the letter that follows',
    in: EVENTS,
    run: shows((b) => ({ ...b, pending: 'mark' })),
  },
  {
    keys: ["'"],
    help: 'go to the mark of the letter that follows',
    run: shows((b) => ({ ...b, pending: 'to mark' })),
  },
];

/** The effect of the character after `m` or `'`. */
export function markWith(browser: Browser, key: string, height: number): Browser {
  const { pending, marks } = browser;
  const idle: Browser = { ...browser, pending: null, message: '' };
  if (!/^[a-zA-Z]$/.test(key)) return { ...idle, message: 'Marks are letters.' };
  if (pending === 'to mark') {
    const seq = marks.get(key);
    return seq === undefined ? { ...idle, message: `No mark ${key}.` } : jumpTo(idle, seq, height);
  }
  const ref = current(idle);
  if (ref === null) return idle;
  return { ...idle, marks: new Map([...marks, [key, ref.seq]]), message: `Marked with ${key}.` };
}
