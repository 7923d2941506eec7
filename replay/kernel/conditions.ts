/** Conditions that consist of others, and those of a whole run. */
import type { Condition, DriverSpec, OperationSpec } from './machine-spec.js';

/** A condition that holds when all of several do. */
export function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 1 ? conditions[0] : { type: 'all', of: conditions };
}

/** Those that a condition consists of: itself, if it is of one thing alone. */
const partsOf = (condition: Condition): readonly Condition[] =>
  condition.type === 'all' ? condition.of.flatMap(partsOf) : [condition];

/** All that operations and drivers look at before they go on, each of one thing alone. */
export const conditionsOf = (
  operations: readonly OperationSpec[],
  drivers: readonly DriverSpec[],
): readonly Condition[] =>
  [
    ...operations.flatMap(({ when, only, unless }) => [when, only, unless]),
    ...drivers.map(({ removeWaits }) => removeWaits),
  ].flatMap((one) => (one === null || one === undefined ? [] : partsOf(one)));
