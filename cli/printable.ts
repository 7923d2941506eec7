/**
 * Makes text safe to print. Text from a trace, a file name or another program may contain
 * characters that move the cursor, colour the screen, set its title, hide text or turn its
 * direction.
 */

/**
 * Characters that are dangerous in any text, except the line break that separates the program's own
 * lines.
 */
const UNSAFE_RANGES = [
  '\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f', // C0 and C1 controls
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f', // what has no width
  '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0', // bidi
  '\\ufdd0-\\ufdef\\ufff0-\\ufffb\\ufffe\\uffff', // noncharacters; the marks of colours among them
  '\\ud800-\\udfff', // surrogates that are alone
  '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}', // format controls, tags
].join('');
const UNSAFE = new RegExp(`[${UNSAFE_RANGES}]`, 'gu');
const UNSAFE_OR_BREAK = new RegExp(`[\\n${UNSAFE_RANGES}]`, 'gu');

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const hex = character.codePointAt(0)!.toString(16);
  if (hex.length > 4) return `\\u{${hex}}`;
  return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`;
}

/** SGR parameters of the styles in use. */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

/**
 * Colours are marks until the text is written. The marks contain a random number of this run, so
 * that text of a trace cannot imitate them.
 */
const SECRET = globalThis.crypto.randomUUID();
const [MARK, MARK_END] = ['\ufdd0', '\ufdd1'];
const MARKS = new RegExp(`${MARK}${SECRET}(\\d+)${MARK_END}`, 'g');
const mark = (sgr: number) => `${MARK}${SECRET}${sgr}${MARK_END}`;

/** One line in a style. */
export const painted = (style: Style, text: string): string =>
  `${mark(STYLES[style])}${printable(text)}${mark(0)}`;

/** One line, whatever the text contains; painted parts stay painted. */
export const printable = (text: string): string =>
  text.search(UNSAFE_OR_BREAK) < 0
    ? text
    : outsideMarks(text, (part) => part.replace(UNSAFE_OR_BREAK, (c) => SHORT[c] ?? escaped(c)));

/**
 * The text for a terminal or a file: it keeps line breaks and colours of the program, but no other
 * control characters.
 */
export function screenText(text: string): string {
  if (text.search(UNSAFE) < 0) return text;
  const safe = outsideMarks(text, (part) => part.replace(UNSAFE, (c) => SHORT[c] ?? escaped(c)));
  return safe.replace(MARKS, '\u001b[$1m');
}

function outsideMarks(text: string, change: (part: string) => string): string {
  let result = '';
  let at = 0;
  for (const match of text.matchAll(MARKS)) {
    result += change(text.slice(at, match.index)) + match[0];
    at = match.index + match[0].length;
  }
  return result + change(text.slice(at));
}

/** The same JSON text with those characters escaped. */
export function escapeInJson(json: string): string {
  return json.replace(UNSAFE, (c) =>
    Array.from({ length: c.length }, (_, i) => {
      const hex = c.charCodeAt(i).toString(16);
      return `\\u${hex.padStart(4, '0')}`;
    }).join(''),
  );
}
