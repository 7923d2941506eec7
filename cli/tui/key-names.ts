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
  // Terminals send DEL for the backspace key, and ink names that delete.
  delete: 'backspace',
  tab: 'tab',
} as const satisfies Partial<Record<keyof Key, string>>;

/**
 * The browser's names of typed keys: characters unchanged, special keys by name. Pasted or fast
 * input arrives as one string of several characters.
 */
export function keyNames(input: string, key: Key): readonly string[] {
  for (const [flag, name] of Object.entries(NAMES)) {
    if (key[flag as keyof typeof NAMES]) return [name];
  }
  return key.ctrl || key.meta ? [] : [...input].map((c) => (c === '\r' ? 'return' : c));
}
