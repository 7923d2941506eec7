/** Commands that decide which events the list has, and what of them is taken elsewhere. */
import { ask, type Browser, cancelled, current, type Step, withRows } from '../model/browser.js';
import { currentDevice, filtered, NO_DEVICE } from '../model/jumps.js';
import { stringOf, textOf } from '../text/event-values.js';
import { plainLine } from '../text/plain-line.js';
import { type Command, EVENTS, shows } from './command.js';

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Keeps the events that are like the one under the cursor. */
function alike(browser: Browser): Step {
  const ref = current(browser);
  if (ref === null) return { browser };
  const parts = (['kind', 'name'] as const).flatMap((column) => {
    const value = stringOf(ref, column);
    return value === null ? [] : [`${column} = ${literal(value)}`];
  });
  return ask(browser, { type: 'filter', condition: parts.join(' AND ') });
}

function ofThread(browser: Browser): Step {
  const ref = current(browser);
  const tid = ref === null ? null : textOf(ref, 'tid');
  if (tid === null) return { browser: { ...browser, message: 'This event has no thread.' } };
  return ask(browser, { type: 'filter', condition: `tid = ${tid}` });
}

function ofDevice(browser: Browser): Step {
  const device = currentDevice(browser);
  if (device === null) return { browser: { ...browser, message: NO_DEVICE } };
  return ask(browser, { type: 'device', device });
}

function hideKind(browser: Browser, height: number): Browser {
  const ref = current(browser);
  if (ref === null) return browser;
  const kind = stringOf(ref, 'kind') ?? '';
  const hidden = withRows(browser, { hidden: new Set([...browser.hidden, kind]) }, height);
  return { ...hidden, message: `${kind} is hidden; + shows all kinds again.` };
}

/** Ends what is going on: the work, or else the filter, or else the list. */
function leave(browser: Browser, height: number): Step {
  if (browser.looking) return cancelled(browser);
  if (browser.filter !== null) return { browser: filtered(browser, null, height) };
  if (browser.hidden.size > 0) return { browser: withRows(browser, { hidden: new Set() }, height) };
  return { browser: { ...browser, screen: 'overview' } };
}

function copies(textFor: (browser: Browser) => string | null, what: string) {
  return (browser: Browser): Step => {
    const text = textFor(browser);
    if (text === null) return { browser };
    return {
      browser: { ...browser, message: `Copied ${what} to the clipboard of the terminal.` },
      request: { type: 'copy', text },
    };
  };
}

export const FILTERS: readonly Command[] = [
  {
    keys: ['F'],
    help: 'the story of this device: its events, its PF, group, drivers',
    in: EVENTS,
    hint: 'device',
    run: ofDevice,
  },
  { keys: ['T'], help: 'only events of this thread', in: EVENTS, run: ofThread },
  { keys: ['='], help: 'only events of this kind and name', in: EVENTS, run: alike },
  { keys: ['-'], help: 'hide events of this kind', in: EVENTS, run: shows(hideKind) },
  {
    keys: ['+'],
    help: 'show all kinds again',
    in: EVENTS,
    run: shows((b, height) => withRows(b, { hidden: new Set() }, height)),
  },
  {
    keys: ['escape'],
    shown: 'Esc',
    help: 'stop looking; show all events again; back to the overview',
    in: EVENTS,
    run: leave,
  },
  {
    keys: ['y'],
    help: 'copy the event as a line of text',
    in: EVENTS,
    run: copies(plainLine, 'the event'),
  },
  {
    keys: ['Y'],
    help: 'copy the event as an SQL condition',
    in: EVENTS,
    run: copies((b) => {
      const ref = current(b);
      return ref === null ? null : `seq = ${ref.seq}`;
    }, 'a condition'),
  },
];
