/** Whether a run ended in one of the ways that its scenario allows. */
import type { Outcome } from '../kernel/index.js';
import type { OutcomeDocument } from './document.js';

/** Whether an outcome is of a kind. Parts that the kind does not name may be anything. */
function isOfKind(outcome: Outcome, kind: OutcomeDocument): boolean {
  const {
    drivers = {},
    gone = [],
    errors = {},
    deadlock = false,
    faults = [],
    variables = {},
  } = kind;
  if ((outcome.deadlock !== null) !== deadlock) return false;
  if (faults.join() !== outcome.faults.join()) return false;
  if (gone.some((address) => Object.hasOwn(outcome.drivers, address))) return false;
  const remembered = Object.entries(variables);
  if (!remembered.every(([name, text]) => outcome.variables[name] === text)) return false;
  const failed = Object.entries(errors);
  if (!failed.every(([actor, names]) => outcome.errors[actor]?.join() === names.join())) {
    return false;
  }
  return Object.entries(drivers).every(([address, driver]) => outcome.drivers[address] === driver);
}

/** Index of the first kind of an outcome; -1 if there is none. */
export const kindOf = (outcome: Outcome, kinds: readonly OutcomeDocument[]): number =>
  kinds.findIndex((kind) => isOfKind(outcome, kind));
