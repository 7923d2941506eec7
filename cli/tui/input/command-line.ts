/** The commands of the `:` prompt. */
import { parseShortBdf } from '../../../traces/index.js';
import { ask, type Browser, jumpTo, revealed, type Step, withRows } from '../model/browser.js';

/** Runs a line of the prompt. */
export function runLine(browser: Browser, line: string, height: number): Step {
  const [word, ...rest] = line.split(/\s+/);
  const argument = rest.join(' ');
  const command = Object.hasOwn(LINE_COMMANDS, word) ? LINE_COMMANDS[word] : undefined;
  if (command !== undefined) return command.run(browser, argument, height);
  const there = goTo(browser, line, height);
  return { browser: there ?? { ...browser, message: `No command ${word}; Tab lists them.` } };
}

interface LineCommand {
  readonly help: string;
  readonly run: (browser: Browser, argument: string, height: number) => Step;
}

const LINE_COMMANDS: Readonly<Record<string, LineCommand>> = {
  device: {
    help: 'the story of a device',
    run: (browser, argument) => {
      const device = parseShortBdf(argument) ?? argument;
      const known = browser.store.reader.dictionaries.device.includes(device);
      if (known) return ask(browser, { type: 'device', device });
      return { browser: { ...browser, message: `The trace has no device ${argument}.` } };
    },
  },
  filter: {
    help: 'only events of an SQL condition',
    run: (browser, condition) => ask(browser, { type: 'filter', condition }),
  },
  hide: {
    help: 'hide events of a kind',
    run: (browser, kind, height) => ({
      browser: withRows(browser, { hidden: new Set([...browser.hidden, kind]) }, height),
    }),
  },
  show: {
    help: 'show events of a hidden kind again',
    run: (browser, kind, height) => ({
      browser: withRows(
        browser,
        { hidden: new Set([...browser.hidden].filter((one) => one !== kind)) },
        height,
      ),
    }),
  },
  overview: {
    help: 'the first screen',
    run: (browser) => ({ browser: { ...browser, screen: 'overview' } }),
  },
  sql: { help: 'ask with SQL', run: (browser, sql) => ask(browser, { type: 'sql', sql }) },
  quit: { help: 'quit', run: (browser) => ({ browser, request: { type: 'quit' } }) },
};

/** To a number, a time or a mark; null when the text is nothing of that kind. */
function goTo(browser: Browser, text: string, height: number): Browser | null {
  if (/^\d{1,15}$/.test(text)) return jumpTo(browser, Number(text), height);
  const mark = /^'([a-zA-Z])$/.exec(text)?.[1];
  if (mark !== undefined) {
    const seq = browser.marks.get(mark);
    return seq === undefined ? null : jumpTo(browser, seq, height);
  }
  const ts = timeOf(browser, text);
  if (ts === null) return null;
  const { store } = browser;
  const there = store.seqAt(store.positionAtTime(ts));
  const here = revealed(browser, there, height);
  return { ...here, back: browser.back };
}

const SECONDS = /^\+?(-?\d+(?:\.\d{1,9})?)s$|^\+?(-?\d+\.\d{1,9})$/;
const WALL = /^(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?$/;
const DAY_NS = 86_400_000_000_000n;

/** The time of the trace's clock that a text names; null when it names none. */
function timeOf({ base }: Browser, text: string): bigint | null {
  const seconds = SECONDS.exec(text);
  if (seconds !== null) return base.start + nanoseconds(seconds[1] ?? seconds[2]);
  const wall = WALL.exec(text);
  if (wall === null || base.wallOffset === null) return null;
  const [hours, minutes, whole] = wall.slice(1, 4).map(BigInt);
  const fraction = BigInt((wall[4] ?? '').padEnd(9, '0'));
  const inDay = ((hours * 60n + minutes) * 60n + whole) * 1_000_000_000n + fraction;
  // The first such time at or after the start.
  const begin = base.start + base.wallOffset;
  const day = begin - (begin % DAY_NS);
  const time = day + inDay >= begin ? day + inDay : day + DAY_NS + inDay;
  return time - base.wallOffset;
}

function nanoseconds(text: string): bigint {
  const sign = text.startsWith('-') ? -1n : 1n;
  const [whole, fraction = ''] = text.replace('-', '').split('.');
  return sign * (BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')));
}

/** Words that could come next in a line, for completion. */
export function lineWords(browser: Browser, before: string): readonly string[] {
  const { kind, device } = browser.store.reader.dictionaries;
  if (!/\s/.test(before.trimStart())) return Object.keys(LINE_COMMANDS);
  const [word] = before.trimStart().split(/\s+/);
  if (word === 'hide' || word === 'show') return kind;
  return word === 'device' ? device : [];
}
