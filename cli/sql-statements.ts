/** Splits SQL text into statements, which end with a semicolon outside of quotes and comments. */

export interface Statements {
  /** Complete statements without their semicolons; none is empty. */
  readonly complete: readonly string[];
  /** What follows the last semicolon. */
  readonly rest: string;
  /** Whether the rest has more than spaces and comments. */
  readonly isOpen: boolean;
}

/**
 * A quoted text, a name in quotes, a comment, a text between dollars, or a semicolon. What is not
 * closed reaches to the end.
 */
const PIECE = new RegExp(
  [
    /[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/,
    /'(?:[^']|'')*(?:'|$)/,
    /"(?:[^"]|"")*(?:"|$)/,
    /--[^\n]*/,
    /\/\*[\s\S]*?(?:\*\/|$)/,
    /\$(\w*)\$[\s\S]*?(?:\$\1\$|$)/,
    /;/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** Splits a text; DuckDB checks the statements themselves. */
export function splitStatements(text: string): Statements {
  const complete: string[] = [];
  let start = 0;
  let code = '';
  let at = 0;
  for (const match of text.matchAll(PIECE)) {
    const [piece] = match;
    code += text.slice(at, match.index);
    at = match.index + piece.length;
    if (piece === ';') {
      if (code.trim() !== '') complete.push(text.slice(start, match.index));
      start = at;
      code = '';
    } else if (!/^(?:--|\/\*)/.test(piece)) {
      code += piece;
    }
  }
  code += text.slice(at);
  return { complete, rest: text.slice(start), isOpen: code.trim() !== '' };
}

/** All statements of a text; the last one needs no semicolon. */
export function allStatements(text: string): readonly string[] {
  const { complete, rest, isOpen } = splitStatements(text);
  return isOpen ? [...complete, rest] : complete;
}
