/** All orders of a run's steps, and how they end. */
export {
  type Coverage,
  type Exploration,
  type ExploreOptions,
  exploreOrders,
} from './explore-orders.js';
export { type FoundOutcome, shareOf } from './outcome-set.js';
export { scheduled, type WitnessStep, witnessOf } from './witness.js';
