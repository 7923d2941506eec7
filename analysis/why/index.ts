/** Why an event happened: the public face of this folder. */
export { Explainer } from './cause-chain.js';
export { eventWords } from './event-words.js';
export type { Link, Relation, Why } from './why.js';
