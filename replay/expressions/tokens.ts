/** Cuts the text of an expression into tokens, each with the column where it begins. */
import { SHORT_BDF_PATTERN, VfrError } from '../../traces/index.js';

export type TokenType = 'address' | 'number' | 'name' | 'quoted' | 'sign' | 'end';

export interface Token {
  readonly type: TokenType;
  /** As written; of a quoted name without the quotes. */
  readonly text: string;
  /** Column of its first character, from 1. */
  readonly column: number;
}

/** In this order: an address begins like a number or a name. */
const FORMS: readonly (readonly [TokenType | 'space', RegExp])[] = [
  ['space', /\s+/y],
  ['address', new RegExp(`(?:${SHORT_BDF_PATTERN})(?![\\w:.-])`, 'y')],
  ['number', /\d+(?![\w.])/y],
  ['name', /[A-Za-z_][\w-]*/y],
  ['quoted', /"[^"]*"/y],
  ['sign', /==|!=|<=|>=|[<>()[\],]/y],
];

/** @throws VfrError `EXPRESSION_INVALID` at a character that begins nothing */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const [type, found] = tokenAt(text, at);
    if (type !== 'space') {
      const inner = type === 'quoted' ? found.slice(1, -1) : found;
      tokens.push({ type, text: inner, column: at + 1 });
    }
    at += found.length;
  }
  return [...tokens, { type: 'end', text: '', column: text.length + 1 }];
}

function tokenAt(text: string, at: number): [TokenType | 'space', string] {
  for (const [type, pattern] of FORMS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return [type, found];
  }
  if (text[at] === '"') throw mistake(text, at + 1, 'the quote is not closed');
  if (text[at] === '=') throw mistake(text, at + 1, 'equality is written ==');
  throw mistake(text, at + 1, `${JSON.stringify(text[at])} has no meaning here`);
}

/** An error with its place in the expression. @param column from 1 */
export function mistake(text: string, column: number, what: string): VfrError {
  const next = 'docs/expressions.md has the grammar, such as `driver(0000:41:00.1) == vfio-pci`.';
  const shown = `column ${column} of "${text}": ${what}`;
  return new VfrError('EXPRESSION_INVALID', shown, next);
}
