/** The line at the bottom for typing a condition, a text, a query or a command. */
import { COLUMNS } from '../../../traces/index.js';
import { ask, type Browser, type Prompt, type PromptKind, type Step } from '../model/browser.js';
import { filtered } from '../model/jumps.js';
import { edited, inserted, lineOf } from '../model/line-edit.js';
import { lineWords, runLine } from './command-line.js';

const HISTORY_MAX = 100;

/** The effect of a key while the prompt is open. */
export function editPrompt(browser: Browser, prompt: Prompt, key: string, height: number): Step {
  const closed: Browser = { ...browser, prompt: null, message: '' };
  switch (key) {
    case 'escape':
    case 'ctrl-c':
    case 'ctrl-g':
      return { browser: closed };
    case 'return':
      return submit(remembered(closed, prompt), prompt, height);
    case 'up':
    case 'ctrl-p':
      return { browser: recalled(browser, prompt, 1) };
    case 'down':
    case 'ctrl-n':
      return { browser: recalled(browser, prompt, -1) };
    case 'tab':
      return { browser: completed(browser, prompt) };
    default: {
      const line = edited(prompt.line, key);
      // An empty prompt closes by backspace, as in vim.
      if (key === 'backspace' && prompt.line.text === '') return { browser: closed };
      return { browser: line === null ? browser : withLine(browser, prompt, line) };
    }
  }
}

const withLine = (browser: Browser, prompt: Prompt, line: Prompt['line']): Browser => ({
  ...browser,
  message: '',
  prompt: { ...prompt, line },
});

function remembered(browser: Browser, { kind, line }: Prompt): Browser {
  const text = line.text.trim();
  const before = browser.history[kind] ?? [];
  if (text === '' || before.at(-1) === text) return browser;
  return {
    ...browser,
    history: { ...browser.history, [kind]: [...before, text].slice(-HISTORY_MAX) },
  };
}

/** Shows an earlier line, or a later one again. */
function recalled(browser: Browser, prompt: Prompt, step: 1 | -1): Browser {
  const lines = browser.history[prompt.kind] ?? [];
  const index = Math.min(lines.length - 1, Math.max(-1, prompt.recalled + step));
  const text = index < 0 ? '' : (lines.at(-1 - index) ?? '');
  return { ...browser, prompt: { ...prompt, recalled: index, line: lineOf(text) } };
}

/** Tables that most questions are about; `SHOW TABLES` has all. */
const TABLES = ['events', 'spans', 'bindings', 'holders', 'faults', 'ioctls', 'stores'];
const KEYWORDS = ['SELECT', 'FROM', 'WHERE', 'GROUP BY', 'ORDER BY', 'LIMIT', 'AND', 'OR', 'NOT'];

/** Words that may come at the cursor. */
function wordsFor(browser: Browser, kind: PromptKind, before: string): readonly string[] {
  const columns = COLUMNS.map(({ name }) => name);
  const { kind: kinds, device, driver, name } = browser.store.reader.dictionaries;
  const inQuotes = (before.split("'").length - 1) % 2 === 1;
  switch (kind) {
    case 'command':
      return lineWords(browser, before);
    case 'search':
      return [...kinds, ...device, ...driver, ...name];
    case 'filter':
      return inQuotes ? [...kinds, ...device, ...driver, ...name] : [...columns, ...KEYWORDS];
    case 'compare':
      return [];
    case 'sql':
      return inQuotes ? [...kinds, ...device, ...driver] : [...KEYWORDS, ...TABLES, ...columns];
  }
}

const SHOWN_MAX = 12;

/** Adds what all words have in common that begin as the one before the cursor. */
function completed(browser: Browser, prompt: Prompt): Browser {
  const { line, kind } = prompt;
  const before = line.text.slice(0, line.at);
  const begun = /[^\s'(),=]*$/.exec(before)![0];
  const words = wordsFor(browser, kind, before).filter((word) =>
    word.toLowerCase().startsWith(begun.toLowerCase()),
  );
  if (words.length === 0) return { ...browser, message: `Nothing begins with ${begun}.` };
  const common = words.reduce((a, b) => a.slice(0, commonLength(a, b)));
  const rest = common.slice(begun.length) + (words.length === 1 && kind !== 'search' ? ' ' : '');
  const done = withLine(browser, prompt, inserted(line, rest));
  if (words.length === 1) return done;
  const more = words.length > SHOWN_MAX ? ' …' : '';
  return { ...done, message: words.slice(0, SHOWN_MAX).join('  ') + more };
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

function submit(browser: Browser, { kind, line }: Prompt, height: number): Step {
  const text = line.text.trim();
  if (text === '') {
    const all = kind === 'filter' && browser.filter !== null;
    return { browser: all ? filtered(browser, null, height) : browser };
  }
  switch (kind) {
    case 'command':
      return runLine(browser, text, height);
    case 'filter':
      return ask(browser, { type: 'filter', condition: text });
    case 'compare':
      return ask(browser, { type: 'compare', file: text, stays: false });
    case 'search':
      return ask(browser, { type: 'search', text });
    case 'sql':
      return ask(browser, { type: 'sql', sql: text });
  }
}
