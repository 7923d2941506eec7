/** The line at the bottom for typing a condition, a text or a number. */
import { ask, type Browser, filtered, jumpTo, type Prompt, type Step } from './browser.js';

/** The effect of a key while the prompt is open. */
export function editPrompt(browser: Browser, prompt: Prompt, key: string, rows: number): Step {
  const closed = { ...browser, prompt: null };
  if (key === 'escape') return { browser: closed };
  if (key === 'return') return submit(closed, prompt, rows);
  const text = key === 'backspace' ? prompt.text.slice(0, -1) : prompt.text + typed(key);
  return { browser: { ...browser, prompt: { ...prompt, text } } };
}

/** A character; the names of special keys are longer. */
const typed = (key: string) => ([...key].length === 1 ? key : '');

function submit(browser: Browser, { kind, text }: Prompt, rows: number): Step {
  const trimmed = text.trim();
  switch (kind) {
    case 'goto':
      if (!/^\d{1,15}$/.test(trimmed)) return { browser: { ...browser, message: 'Not a number.' } };
      return { browser: jumpTo(browser, Number(trimmed), rows) };
    case 'filter':
      if (trimmed === '') return { browser: filtered(browser, '', null, rows) };
      return ask(browser, { type: 'filter', condition: trimmed });
    case 'search':
      return trimmed === '' ? { browser } : ask(browser, { type: 'search', text: trimmed });
  }
}
