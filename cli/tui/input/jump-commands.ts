/** Commands that go to a related event. */
import { type Kind, kindsWhere } from '../../../traces/index.js';
import { ask, type Browser, current, positionOf, type Step } from '../model/browser.js';
import { causesOf } from '../model/calls-around.js';
import {
  back,
  type Direction,
  found,
  jumpBy,
  jumpOnDevice,
  nextMatch,
  toggled,
} from '../model/jumps.js';
import { asks, type Command, EVENTS, LISTS, type Run, shows } from './command.js';

/** Two commands: a key jumps to the next event of some kinds, its upper case to the one before. */
const jumps = (key: string, what: string, kinds: readonly Kind[], hint?: string): Command[] => {
  const to = (step: Direction): Run =>
    shows((browser, height) => jumpBy(browser, 'kind', kinds, step, what, height));
  const help = `next, previous ${what}`;
  return [
    { keys: [key], help, in: EVENTS, run: to(1), ...(hint === undefined ? {} : { hint }) },
    { keys: [key.toUpperCase()], help, in: EVENTS, run: to(-1) },
  ];
};

const match = (step: Direction): Run =>
  shows((browser, height) => {
    const ref = current(browser);
    return ref === null ? browser : nextMatch(browser, ref.seq, step, height);
  });

/** Shows the calls around the event under the cursor, and asks for the whole explanation. */
export function why(browser: Browser): Step {
  const position = positionOf(browser);
  if (position === null) return { browser };
  const seq = browser.store.seqAt(position);
  const causes = causesOf(browser.store, browser.calls, seq);
  const cursor = Math.min(1, causes.length - 1);
  return ask({ ...browser, lower: { type: 'why', seq, causes, cursor } }, { type: 'explain', seq });
}

const openOrWhy: Run = (browser, height) => {
  const opened = toggled(browser, null, height);
  return opened === null ? why(browser) : { browser: opened };
};

/** The events of all findings, as something to step through. */
function troubles(browser: Browser, height: number): Browser {
  const seqs = browser.overview.insights.findings().flatMap((finding) => finding.seqs);
  const search = { what: 'trouble', seqs: Float64Array.from(seqs).sort() };
  const ref = current(browser);
  if (browser.search?.what !== search.what || ref === null) return found(browser, search, height);
  return nextMatch(browser, ref.seq, 1, height);
}

export const JUMPS: readonly Command[] = [
  {
    keys: ['return'],
    shown: 'Enter',
    help: 'open or close the call (▸ ▾); why, for anything else',
    in: EVENTS,
    hint: 'open',
    run: openOrWhy,
  },
  { keys: ['w'], help: 'why: what led to this event', in: EVENTS, hint: 'why', run: why },
  {
    keys: ['ctrl-o'],
    shown: '^O',
    help: 'back to where the last jump began',
    in: LISTS,
    run: shows(back),
  },
  {
    keys: ['e'],
    help: 'next trouble: refused, failed, lost, raced (n: next)',
    in: EVENTS,
    hint: 'trouble',
    run: shows(troubles),
  },
  { keys: ['n'], help: 'next, previous match', in: EVENTS, run: match(1) },
  { keys: ['N'], help: 'next, previous match', in: EVENTS, run: match(-1) },
  {
    keys: ['v'],
    help: 'what replay did not predict (n: next)',
    in: EVENTS,
    run: asks({ type: 'divergences' }),
  },
  {
    keys: ['r'],
    help: 'operations that raced for a device (n: next)',
    in: EVENTS,
    run: asks({ type: 'races' }),
  },
  ...jumps('b', 'bind or unbind', ['bind', 'unbind'], 'bind'),
  ...jumps('u', 'loss of a driver or a device', ['unbind', 'device.remove'], 'loss'),
  ...jumps('p', 'probe', ['probe']),
  ...jumps('s', 'write to sysfs', ['sysfs.write']),
  ...jumps('c', 'write to configuration space', ['config.write']),
  ...jumps(
    'x',
    'fault',
    kindsWhere(({ family }) => family === 'fault' || family === 'signal'),
  ),
  {
    keys: [']'],
    help: 'next, previous event of the same device',
    in: EVENTS,
    run: shows((b, height) => jumpOnDevice(b, 1, height)),
  },
  {
    keys: ['['],
    help: 'next, previous event of the same device',
    in: EVENTS,
    run: shows((b, height) => jumpOnDevice(b, -1, height)),
  },
];
