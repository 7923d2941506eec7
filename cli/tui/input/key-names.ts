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
  delete: 'delete',
  tab: 'tab',
} as const satisfies Partial<Record<keyof Key, string>>;

/**
 * The browser's names of typed keys: characters unchanged, special keys by name, with `ctrl-` or
 * `alt-` in front. Pasted or fast input arrives as one string of several characters.
 */
export function keyNames(input: string, key: Key): readonly string[] {
  for (const [flag, name] of Object.entries(NAMES)) {
    if (key[flag as keyof typeof NAMES]) return [key.ctrl ? `ctrl-${name}` : name];
  }
  if (key.ctrl) return [`ctrl-${input}`];
  if (key.meta) return [`alt-${input}`];
  return [...input].map(named);
}

/** Fast input arrives with its control characters unnamed. */
function named(character: string): string {
  if (character === '\r' || character === '\n') return 'return';
  if (character === '\t') return 'tab';
  if (character === '\b') return 'backspace';
  const code = character.charCodeAt(0);
  return code < 27 ? `ctrl-${String.fromCharCode(code + 96)}` : character;
}
