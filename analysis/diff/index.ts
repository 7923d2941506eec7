/** What two recordings do differently: the public face of this folder. */
export { type CompareOptions, type Comparison, compare, type Difference } from './compare.js';
