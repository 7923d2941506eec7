/** Parses an expression, and verifies that it compares what can be compared. */
import { type Bdf, ERRNO, parseShortBdf } from '../../traces/index.js';
import type { Call, Comparison, Expression, Operand, Value } from './expression.js';
import {
  type ArgumentType,
  FACTS,
  FAULTS,
  type FactName,
  SHORT_FOR_PROBING,
  type Type,
} from './facts.js';
import { type Names, wrongCount, wrongDriver, wrongName } from './names.js';
import { mistake, type Token, tokensOf } from './tokens.js';

/** Longer texts, and deeper ones, are mistakes. */
const LENGTH_MAX = 4096;
const DEPTH_MAX = 64;

/** Where an expression is used. */
export interface Use {
  /** Facts that cannot be known there; left out: all can be. */
  readonly without?: ReadonlySet<FactName>;
  /** What there is to name; left out: that is not known. */
  readonly names?: Names;
}

/** @throws VfrError `EXPRESSION_INVALID`, with the column of the mistake */
export function parseExpression(text: string, use: Use = {}): Expression {
  if (text.length > LENGTH_MAX) throw mistake('', 1, `it is longer than ${LENGTH_MAX} characters`);
  return new Parser(text, use).whole();
}

/** A part of an expression; a bare name has no type before it is known what it is compared with. */
type Part =
  | { readonly expression: Expression; readonly type: Type; readonly at: Token }
  | { readonly name: Token; readonly at: Token };

/** One side of a comparison, whose type is known. */
interface Typed {
  readonly type: Type;
  readonly operand: Operand;
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
/** Words that are no names; in quotes they are. */
const WORDS: ReadonlySet<string> = new Set(['or', 'and', 'not', 'in', 'true', 'false', 'none']);
const WORD_OF_TYPE: Readonly<Record<Type, string>> = {
  boolean: 'true or false',
  number: 'a number',
  driver: 'a driver or none',
  error: 'an errno or none',
};

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #evers = 0;
  #isInEver = false;

  constructor(
    private readonly text: string,
    private readonly use: Use,
  ) {
    this.#tokens = tokensOf(text);
  }

  whole(): Expression {
    const found = this.#either();
    const { type, text, column } = this.#token;
    if (type !== 'end') throw this.#mistake(column, `"${text}" comes after the end`);
    return found;
  }

  get #token(): Token {
    return this.#tokens[this.#next];
  }

  #mistake(column: number, what: string): Error {
    return mistake(this.text, column, what);
  }

  /** @param wrong what is wrong with a name, by those that there are; null for nothing */
  #verify({ column }: Token, wrong: (names: Names) => string | null): void {
    const what = this.use.names === undefined ? null : wrong(this.use.names);
    if (what !== null) throw this.#mistake(column, what);
  }

  /** Whether the next token is a certain word or sign, which is skipped then. */
  #skips(text: string): boolean {
    const { type, text: found } = this.#token;
    if (found !== text || (type !== 'name' && type !== 'sign')) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (this.#skips(text)) return;
    const { text: found, column } = this.#token;
    throw this.#mistake(column, `"${text}" is missing before ${found || 'the end'}`);
  }

  #either(): Expression {
    let left = this.#both();
    while (this.#skips('or')) left = { op: 'or', left, right: this.#both() };
    return left;
  }

  #both(): Expression {
    let left = this.#condition();
    while (this.#skips('and')) left = { op: 'and', left, right: this.#condition() };
    return left;
  }

  #condition(): Expression {
    if (!this.#skips('not')) return this.#truth(this.#compared());
    return this.#nested(() => ({ op: 'not', inner: this.#condition() }));
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > DEPTH_MAX) {
      throw this.#mistake(this.#token.column, `it is nested more than ${DEPTH_MAX} deep`);
    }
    const found = parse();
    this.#depth--;
    return found;
  }

  #truth(part: Part): Expression {
    if ('name' in part) throw this.#unknown(part.name);
    if (part.type === 'boolean') return part.expression;
    const what = `this is ${WORD_OF_TYPE[part.type]}: compare it with something`;
    throw this.#mistake(part.at.column, what);
  }

  #unknown({ text, column }: Token): Error {
    return this.#mistake(
      column,
      `nothing is called "${text}"; known are ${Object.keys(FACTS).join(', ')}, ` +
        `${SHORT_FOR_PROBING} and ever`,
    );
  }

  #compared(): Part {
    const left = this.#part();
    const { text, type } = this.#token;
    if (type === 'sign' && COMPARISONS.has(text)) {
      this.#next++;
      return this.#comparison(left, text as Comparison, this.#part());
    }
    if (!this.#skips('in')) return left;
    const wanted = this.#typed(left);
    const list = this.#listOf(wanted);
    const expression = { op: 'in', left: wanted.operand, list } as const;
    return { expression, type: 'boolean', at: left.at };
  }

  #comparison(left: Part, by: Comparison, right: Part): Part {
    const first = 'name' in left && !('name' in right) ? right : left;
    const wanted = this.#typed(first);
    const { type } = wanted;
    const isOrder = by !== '==' && by !== '!=';
    if (isOrder && type !== 'number') {
      throw this.#mistake(first.at.column, `${by} compares numbers, not ${WORD_OF_TYPE[type]}`);
    }
    const operands = [left, right].map((part) => this.#operandOf(part, wanted));
    const expression = { op: 'compare', by, left: operands[0], right: operands[1] } as const;
    return { expression, type: 'boolean', at: left.at };
  }

  /** The side of a comparison that says what is compared. */
  #typed(part: Part): Typed {
    if ('name' in part) throw this.#unknown(part.name);
    const { expression, type, at } = part;
    if (expression.op === 'call' || expression.op === 'literal')
      return { type, operand: expression };
    throw this.#mistake(at.column, 'a condition cannot be compared; combine it by and, or, not');
  }

  #operandOf(part: Part, { type, operand: against }: Typed): Operand {
    if ('name' in part) return { op: 'literal', value: this.#nameAs(part.name, type, against) };
    const { operand, type: own } = this.#typed(part);
    if (operand.op === 'literal' && typeof operand.value === 'number' && against.op === 'call') {
      this.#verifyCount(part.at, against, operand.value);
    }
    const isNone = operand.op === 'literal' && operand.value === null;
    if (own === type || (isNone && type === 'error')) return operand;
    const what = `this is ${WORD_OF_TYPE[own]}, and ${WORD_OF_TYPE[type]} is compared`;
    throw this.#mistake(part.at.column, what);
  }

  /** What counts operations of an actor has no more than those. */
  #verifyCount(at: Token, { fact, of: [actor] }: Call, count: number): void {
    if (fact !== 'done' && fact !== 'failed') return;
    this.#verify(at, (names) => wrongCount(names, String(actor), count));
  }

  /** A bare name, by the type of what it is compared with. */
  #nameAs(name: Token, wanted: Type, against: Operand): Value {
    const { type, text, column } = name;
    if (wanted === 'driver') {
      const fact = against.op === 'call' ? against.fact : null;
      this.#verify(name, (names) => wrongDriver(names, fact, text));
      return text;
    }
    if (wanted !== 'error') {
      const what = `"${text}" is a name, and ${WORD_OF_TYPE[wanted]} is compared`;
      throw this.#mistake(column, what);
    }
    if (type === 'name' && Object.hasOwn(ERRNO, text)) return text;
    throw this.#mistake(column, `no errno is called "${text}"`);
  }

  #listOf(wanted: Typed): Value[] {
    this.#expect('[');
    const list: Value[] = [];
    do {
      const operand = this.#operandOf(this.#part(), wanted);
      if (operand.op !== 'literal') {
        throw this.#mistake(this.#token.column, 'a list holds names and numbers only');
      }
      list.push(operand.value);
    } while (this.#skips(','));
    this.#expect(']');
    return list;
  }

  #part(): Part {
    const at = this.#token;
    const literal = (value: Value, type: Type): Part => ({
      expression: { op: 'literal', value },
      type,
      at,
    });
    this.#next++;
    if (at.type === 'quoted') return { name: at, at };
    if (at.type === 'number') return literal(Number(at.text), 'number');
    if (at.type === 'name') {
      if (at.text === 'none') return literal(null, 'driver');
      if (at.text === 'true' || at.text === 'false') return literal(at.text === 'true', 'boolean');
      if (!WORDS.has(at.text)) return this.#named(at);
    }
    if (at.type === 'sign' && at.text === '(') {
      const expression = this.#nested(() => this.#either());
      this.#expect(')');
      return { expression, type: 'boolean', at };
    }
    const what = at.type === 'end' ? 'a condition is missing' : `"${at.text}" begins nothing`;
    throw this.#mistake(at.column, what);
  }

  /** A fact with its arguments, or a name. */
  #named(at: Token): Part {
    const { text } = at;
    if (text === 'ever') return { expression: this.#ever(at), type: 'boolean', at };
    if (text === SHORT_FOR_PROBING) {
      const inner = { op: 'call', fact: 'probing', of: this.#arguments('probing') } as const;
      return { expression: this.#everOf(inner), type: 'boolean', at };
    }
    if (!Object.hasOwn(FACTS, text)) return { name: at, at };
    const fact = text as FactName;
    if (this.use.without?.has(fact) === true) {
      throw this.#mistake(at.column, `${fact} is known of runs of the model, and of no trace`);
    }
    if (fact === 'deadlock' && this.#isInEver) {
      throw this.#mistake(at.column, 'a deadlock is an end: it needs no ever');
    }
    const of = FACTS[fact].takes.length === 0 ? [] : this.#arguments(fact);
    return { expression: { op: 'call', fact, of }, type: FACTS[fact].gives, at };
  }

  #ever(at: Token): Expression {
    if (this.#isInEver) throw this.#mistake(at.column, 'ever cannot be nested');
    this.#expect('(');
    this.#isInEver = true;
    const inner = this.#nested(() => this.#either());
    this.#isInEver = false;
    this.#expect(')');
    return this.#everOf(inner);
  }

  /** Below `ever`, what a short form adds is part of the same condition. */
  #everOf(inner: Expression): Expression {
    return this.#isInEver ? inner : { op: 'ever', inner, number: this.#evers++ };
  }

  #arguments(fact: FactName): (Bdf | string | number)[] {
    this.#expect('(');
    const values: (Bdf | string | number)[] = [];
    for (const [i, type] of FACTS[fact].takes.entries()) {
      if (i > 0) this.#expect(',');
      const at = this.#token;
      const value = this.#argument(type);
      this.#verify(at, (names) =>
        typeof value === 'number'
          ? wrongCount(names, String(values[0]), value)
          : wrongName(names, type, value),
      );
      values.push(value);
    }
    this.#expect(')');
    return values;
  }

  #argument(type: ArgumentType): Bdf | string | number {
    const { type: found, text, column } = this.#token;
    this.#next++;
    const wrong = (what: string) => this.#mistake(column, `${what} is expected here`);
    const isName = found === 'quoted' || (found === 'name' && !WORDS.has(text));
    switch (type) {
      case 'function': {
        const address = found === 'address' ? parseShortBdf(text) : null;
        if (address === null) throw wrong('a PCI address, such as 0000:41:00.1,');
        return address;
      }
      case 'number':
        if (found !== 'number' || Number(text) < 1) throw wrong('a number from 1 on');
        return Number(text);
      case 'fault':
        if (!FAULTS.has(text)) throw wrong(`one of ${[...FAULTS].join(', ')}`);
        return text;
      default:
        if (!isName)
          throw wrong(type === 'driver' ? 'the name of a driver' : 'the name of an actor');
        return text;
    }
  }
}
