import type { Key } from 'ink';

const NAMES = {
  upArrow: 'up',
  downArrow: 'down',
  leftArrow: 'left',
  rightArrow: 'right',
  pageUp: 'pageup',
  pageDown: 'pagedown',
  home: 'home',
  end: 'end',
  return: 'return',
  escape: 'escape',
  backspace: 'backspace',
  // Terminals send DEL for the backspace key, which ink calls delete.
  delete: 'backspace',
  tab: 'tab',
} as const satisfies Partial<Record<keyof Key, string>>;

/**
 * The browser's names of what was typed: characters as they are, special keys by name. What is
 * pasted or typed fast comes as one input of several characters.
 */
export function keyNames(input: string, key: Key): readonly string[] {
  for (const [flag, name] of Object.entries(NAMES)) {
    if (key[flag as keyof typeof NAMES]) return [name];
  }
  return key.ctrl || key.meta ? [] : [...input].map((c) => (c === '\r' ? 'return' : c));
}
