/**
 * JSON with the line of every value, so that mistakes in hand-written files can be located. The
 * grammar is that of RFC 8259; a name that occurs twice in an object is also a mistake.
 */
import { VfrError } from '../../traces/index.js';

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [k: string]: Json };

export interface JsonText {
  readonly value: Json;
  /** Line of the value at a path such as `/actors/0/name`, from 1. */
  readonly lines: ReadonlyMap<string, number>;
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];
/** Deeper than any document is; a hostile one must not use up the stack. */
const DEPTH_MAX = 64;

class Parser {
  #at = 0;
  readonly lines = new Map<string, number>();

  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  whole(): Json {
    const value = this.#value('', 0);
    this.#skip();
    if (this.#at < this.text.length) this.#fail('the document is followed by something');
    return value;
  }

  #value(path: string, depth: number): Json {
    this.#skip();
    if (depth > DEPTH_MAX) this.#fail('it is nested too deeply');
    this.lines.set(path, this.#line());
    const first = this.text[this.#at];
    if (first === '{') return this.#object(path, depth);
    if (first === '[') return this.#array(path, depth);
    if (first === '"') return this.#string();
    const word = WORDS.find(([name]) => this.text.startsWith(name, this.#at));
    if (word !== undefined) {
      this.#at += word[0].length;
      return word[1];
    }
    const number = this.#match(NUMBER);
    if (number === null) this.#fail('a value is missing');
    return Number(number);
  }

  #object(path: string, depth: number): Json {
    const members: Record<string, Json> = Object.create(null);
    this.#at++;
    if (this.#take('}')) return { ...members };
    do {
      this.#skip();
      if (this.text[this.#at] !== '"') this.#fail('a name in double quotes is missing');
      const name = this.#string();
      if (Object.hasOwn(members, name)) this.#fail(`"${name}" occurs twice`);
      if (!this.#take(':')) this.#fail(`a colon is missing after "${name}"`);
      members[name] = this.#value(`${path}/${name}`, depth + 1);
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('a comma or } is missing');
    return { ...members };
  }

  #array(path: string, depth: number): Json {
    const items: Json[] = [];
    this.#at++;
    if (this.#take(']')) return items;
    do items.push(this.#value(`${path}/${items.length}`, depth + 1));
    while (this.#take(','));
    if (!this.#take(']')) this.#fail('a comma or ] is missing');
    return items;
  }

  #string(): string {
    const found = this.#match(STRING);
    if (found === null) this.#fail('a string is not as JSON has it');
    return JSON.parse(found);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #skip(): void {
    this.#match(SPACE);
  }

  #take(character: string): boolean {
    this.#skip();
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #line(): number {
    return this.text.slice(0, this.#at).split('\n').length;
  }

  #fail(what: string): never {
    const place = { file: this.file, line: this.#line() };
    throw new VfrError('JSON_INVALID', what, 'Correct the file.', place);
  }
}

/** @throws VfrError `JSON_INVALID` with the line */
export function parseJson(text: string, file: string): JsonText {
  const parser = new Parser(text, file);
  const value = parser.whole();
  return { value, lines: parser.lines };
}
