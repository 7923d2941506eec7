/** Writes an expression as a text that is parsed to the same expression. */
import type { Call, Expression, Operand, Value } from './expression.js';
import { FACTS } from './facts.js';

export function printExpression(e: Expression): string {
  switch (e.op) {
    case 'or':
    case 'and':
      return `(${printExpression(e.left)} ${e.op} ${printExpression(e.right)})`;
    case 'not':
      return `not (${printExpression(e.inner)})`;
    case 'ever':
      return `ever(${printExpression(e.inner)})`;
    case 'compare':
      return `${printOperand(e.left)} ${e.by} ${printOperand(e.right)}`;
    case 'in':
      return `${printOperand(e.left)} in [${e.list.map(printValue).join(', ')}]`;
    default:
      return printOperand(e);
  }
}

const printOperand = (operand: Operand): string =>
  operand.op === 'call' ? printCall(operand) : printValue(operand.value);

function printCall({ fact, of }: Call): string {
  const { takes } = FACTS[fact];
  if (takes.length === 0) return fact;
  const list = of.map((value, i) =>
    takes[i] === 'driver' || takes[i] === 'actor' ? `"${value}"` : String(value),
  );
  return `${fact}(${list.join(', ')})`;
}

function printValue(value: Value): string {
  if (value === null) return 'none';
  if (typeof value !== 'string') return String(value);
  return /^E[A-Z0-9]+$/.test(value) ? value : `"${value}"`;
}
