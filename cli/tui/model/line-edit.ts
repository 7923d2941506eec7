/** A line of text with a cursor, edited as shells do. */

export interface LineEdit {
  readonly text: string;
  /** Index in the text; the cursor is in front of that character. */
  readonly at: number;
}

export const EMPTY: LineEdit = { text: '', at: 0 };
export const lineOf = (text: string): LineEdit => ({ text, at: text.length });

const PARTS = new Intl.Segmenter();

/** Index of the character before or after the cursor, as a terminal draws characters. */
function beside({ text, at }: LineEdit, step: 1 | -1): number {
  if (step > 0) {
    const [next] = PARTS.segment(text.slice(at));
    return at + (next?.segment.length ?? 0);
  }
  const before = [...PARTS.segment(text.slice(0, at))].at(-1);
  return at - (before?.segment.length ?? 0);
}

/** Begin of the word before the cursor. */
const wordBefore = ({ text, at }: LineEdit) => text.slice(0, at).search(/\S+\s*$|^$|\s+$/);
const wordAfter = ({ text, at }: LineEdit) =>
  at + (/^\s*\S*/.exec(text.slice(at))?.[0].length ?? 0);

const cut = ({ text }: LineEdit, from: number, to: number): LineEdit => ({
  text: text.slice(0, from) + text.slice(to),
  at: from,
});

type Edit = (line: LineEdit) => LineEdit;

const EDITS: Readonly<Record<string, Edit>> = {
  left: (line) => ({ ...line, at: beside(line, -1) }),
  right: (line) => ({ ...line, at: beside(line, 1) }),
  'ctrl-b': (line) => ({ ...line, at: beside(line, -1) }),
  'ctrl-f': (line) => ({ ...line, at: beside(line, 1) }),
  home: (line) => ({ ...line, at: 0 }),
  end: (line) => lineOf(line.text),
  'ctrl-a': (line) => ({ ...line, at: 0 }),
  'ctrl-e': (line) => lineOf(line.text),
  'alt-b': (line) => ({ ...line, at: wordBefore(line) }),
  'alt-f': (line) => ({ ...line, at: wordAfter(line) }),
  'ctrl-left': (line) => ({ ...line, at: wordBefore(line) }),
  'ctrl-right': (line) => ({ ...line, at: wordAfter(line) }),
  backspace: (line) => cut(line, beside(line, -1), line.at),
  delete: (line) => cut(line, line.at, beside(line, 1)),
  'ctrl-d': (line) => cut(line, line.at, beside(line, 1)),
  'ctrl-w': (line) => cut(line, wordBefore(line), line.at),
  'alt-d': (line) => ({ ...cut(line, line.at, wordAfter(line)) }),
  'ctrl-u': (line) => cut(line, 0, line.at),
  'ctrl-k': (line) => cut(line, line.at, line.text.length),
};

/** The line after a key; null when the key does not edit. */
export function edited(line: LineEdit, key: string): LineEdit | null {
  const edit = Object.hasOwn(EDITS, key) ? EDITS[key] : undefined;
  if (edit !== undefined) return edit(line);
  return isTyped(key) ? inserted(line, key) : null;
}

/** Names of special keys are longer than a character. */
const isTyped = (key: string): boolean => [...PARTS.segment(key)].length === 1;

export const inserted = ({ text, at }: LineEdit, more: string): LineEdit => ({
  text: text.slice(0, at) + more + text.slice(at),
  at: at + more.length,
});
