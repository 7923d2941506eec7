/** All orders of a run's steps, and how they end. */

export { actionText } from './action-text.js';
export { anyOf, type Condition, namesIn, namesInRecording } from './end-conditions.js';
export { type ExplainedStep, type Explanation, explainRun } from './explain.js';
export {
  type Coverage,
  type Exploration,
  type ExploreOptions,
  exploreOrders,
} from './explore-orders.js';
export { nearestOrder } from './least-inversion.js';
export { modelVersion } from './model-version.js';
export { OrderedRun } from './ordered-run.js';
export { type OperationAt, type OtherEnd, otherEnds } from './other-ends.js';
export { type FoundOutcome, type Judgement, shareOf, withDriverOf } from './outcome-set.js';
export { ADVICE, classOfPair, type RaceClass } from './race-classes.js';
export {
  type Named,
  readSchedule,
  type ScheduleDocument,
  scheduleDocument,
  scheduleText,
} from './schedule-document.js';
export { sliceOf } from './slice.js';
export { endOf, scheduled, scheduleOf, type WitnessStep, witnessOf } from './witness.js';
