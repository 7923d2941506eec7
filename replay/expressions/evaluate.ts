/** What an expression is in a state. What needs a fact that is not known is unknown, too. */
import type { Call, Comparison, Expression, Operand, Value } from './expression.js';

/** A state, as expressions see it. Undefined: it is not known. */
export interface Facts {
  fact(call: Call): Value | undefined;
  /** Whether the part below an `ever` has held in some state up to now. */
  ever(number: number): boolean | undefined;
}

/** True, false, or undefined when the state does not show what decides it. */
export function evaluate(e: Expression, facts: Facts): boolean | undefined {
  switch (e.op) {
    case 'or':
      return not(both(not(evaluate(e.left, facts)), () => not(evaluate(e.right, facts))));
    case 'and':
      return both(evaluate(e.left, facts), () => evaluate(e.right, facts));
    case 'not':
      return not(evaluate(e.inner, facts));
    case 'ever':
      return facts.ever(e.number);
    case 'compare':
      return compare(valueIn(e.left, facts), e.by, valueIn(e.right, facts));
    case 'in': {
      const value = valueIn(e.left, facts);
      return value === undefined ? undefined : e.list.includes(value);
    }
    default: {
      const value = valueIn(e, facts);
      return value === undefined ? undefined : value === true;
    }
  }
}

const not = (value: boolean | undefined) => (value === undefined ? undefined : !value);

function both(left: boolean | undefined, right: () => boolean | undefined): boolean | undefined {
  if (left === false) return false;
  const second = right();
  return second === false || left === true ? second : undefined;
}

const valueIn = (operand: Operand, facts: Facts): Value | undefined =>
  operand.op === 'literal' ? operand.value : facts.fact(operand);

function compare(
  left: Value | undefined,
  by: Comparison,
  right: Value | undefined,
): boolean | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (by === '==') return left === right;
  if (by === '!=') return left !== right;
  const difference = Number(left) - Number(right);
  if (by === '<') return difference < 0;
  if (by === '<=') return difference <= 0;
  return by === '>' ? difference > 0 : difference >= 0;
}
