/** Expressions over states and outcomes. */
export { evaluate, type Facts } from './evaluate.js';
export { type Call, callsIn, type Expression, everParts, type Value } from './expression.js';
export { FACTS, type FactForm, type FactName } from './facts.js';
export type { Names } from './names.js';
export { meant, nearest } from './nearest.js';
export { parseExpression } from './parse.js';
export { printExpression } from './print.js';
