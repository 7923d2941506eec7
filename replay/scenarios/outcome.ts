/** Whether a run ended in one of the ways that its scenario allows. */
import type { Outcome } from '../kernel/index.js';
import type { ErrorsDocument, OutcomeDocument } from './document.js';

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
  if (!failed.every(([actor, wanted]) => failedSo(outcome, actor, wanted))) return false;
  return Object.entries(drivers).every(([address, driver]) => outcome.drivers[address] === driver);
}

/** Index of the first kind of an outcome; -1 if there is none. */
export const kindOf = (outcome: Outcome, kinds: readonly OutcomeDocument[]): number =>
  kinds.findIndex((kind) => isOfKind(outcome, kind));

/** Whether the errors of an actor are those: in their order, or by the numbers of operations. */
function failedSo({ errors, failed }: Outcome, actor: string, wanted: ErrorsDocument): boolean {
  if (Array.isArray(wanted)) return errors[actor]?.join() === wanted.join();
  const pairs = (of: object) => Object.entries(of).map(String).toSorted().join();
  return pairs(failed[actor] ?? {}) === pairs(wanted);
}
