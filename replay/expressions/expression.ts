/** The parts of an expression, after its types were verified. */
import type { Bdf } from '../../traces/index.js';
import type { FactName } from './facts.js';

/** A driver, an error or another name; null is `none`. */
export type Value = boolean | number | string | null;

/** What is compared. */
export type Operand = { readonly op: 'literal'; readonly value: Value } | Call;

/** A fact of a state: what `facts.ts` lists. */
export interface Call {
  readonly op: 'call';
  readonly fact: FactName;
  /** Addresses in the form of sysfs, and names. */
  readonly of: readonly (Bdf | string | number)[];
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What is true or false. */
export type Expression =
  | { readonly op: 'or' | 'and'; readonly left: Expression; readonly right: Expression }
  | { readonly op: 'not'; readonly inner: Expression }
  /** It held in some state up to now. `number` counts such parts of one expression from 0. */
  | { readonly op: 'ever'; readonly inner: Expression; readonly number: number }
  | {
      readonly op: 'compare';
      readonly by: Comparison;
      readonly left: Operand;
      readonly right: Operand;
    }
  | { readonly op: 'in'; readonly left: Operand; readonly list: readonly Value[] }
  /** A fact that is true or false by itself. */
  | Operand;

/** The parts below `ever`, in the order of their numbers. */
export function everParts(e: Expression): Expression[] {
  switch (e.op) {
    case 'or':
    case 'and':
      return [...everParts(e.left), ...everParts(e.right)];
    case 'not':
      return everParts(e.inner);
    case 'ever':
      return [e.inner];
    default:
      return [];
  }
}

/** Every fact that an expression needs. */
export function callsIn(e: Expression): Call[] {
  switch (e.op) {
    case 'or':
    case 'and':
      return [...callsIn(e.left), ...callsIn(e.right)];
    case 'not':
    case 'ever':
      return callsIn(e.inner);
    case 'compare':
      return [...callsIn(e.left), ...callsIn(e.right)];
    case 'in':
      return callsIn(e.left);
    case 'call':
      return [e];
    case 'literal':
      return [];
  }
}
