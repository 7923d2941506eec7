/** Why an event happened: the public face of this folder. */
export { Explainer } from './explain.js';
export type { Link, Relation, Why } from './why.js';
