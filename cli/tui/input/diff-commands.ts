/** Commands that compare with a second trace. */
import type { Browser } from '../model/browser.js';
import { EMPTY } from '../model/line-edit.js';
import { type Command, type Context, shows } from './command.js';

/** Asks for the trace, or opens the pane of differences. */
function compare(browser: Browser): Browser {
  const { beside } = browser;
  if (beside === null)
    return { ...browser, prompt: { kind: 'compare', line: EMPTY, recalled: -1 } };
  return { ...browser, screen: 'events', lower: { type: 'diff', cursor: beside.chosen } };
}

const help = 'compare with another trace; what differs in it (n: next)';
const others: readonly Context[] = ['events', 'state', 'why', 'sql'];

export const DIFF_COMMANDS: readonly Command[] = [
  { keys: ['d'], help, in: ['overview'], hint: 'compare', run: shows(compare) },
  { keys: ['d'], help, in: others, run: shows(compare) },
  {
    keys: ['d'],
    help: 'end the comparison',
    in: ['diff'],
    hint: 'end comparison',
    run: shows((b) => ({ ...b, beside: null, lower: { type: 'details' } })),
  },
];
