/** Expressions over states and outcomes. */
export { evaluate, type Facts } from './evaluate.js';
export { type Call, callsIn, type Expression, everParts } from './expression.js';
export { FACTS, type FactForm } from './facts.js';
export { parseExpression } from './parse.js';
export { printExpression } from './print.js';
