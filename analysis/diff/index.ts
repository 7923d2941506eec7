/** What two recordings do differently: the public face of this folder. */
export {
  type CompareOptions,
  type Comparison,
  compare,
  type Difference,
  type EventPair,
} from './compare.js';
