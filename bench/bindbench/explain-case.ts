/** What explain says of a bad run of a case, held against the pair that decides. */
import { explainRun } from '../../replay/index.js';
import type { Inversion, OperationPlace } from './case-form.js';
import { type ExploredCase, isBadFor } from './explore-case.js';
import type { Case } from './read-case.js';

const STATES = 200_000;

interface NamedPair {
  readonly first: Step;
  readonly second: Step;
}

type Step = { readonly actor: string; readonly operation: number | null };

/** Whether explain names the deciding pair, and what it names otherwise. */
export interface ExplainedCase {
  readonly isFound: boolean;
  readonly differences: readonly string[];
}

/**
 * In a case without a pair no order ends well, and explain names none.
 * @returns null when the case has no bad run
 */
export function explainCase(one: Case, { world, badRun }: ExploredCase): ExplainedCase | null {
  if (badRun === null) return null;
  const found = explainRun(world, badRun.schedule, {
    states: STATES,
    isBad: (outcome) => isBadFor(one, outcome),
  });
  const { inversions = [] } = one;
  const pairs = found?.inversions ?? [];
  const isFound =
    inversions.length === 0
      ? found === null
      : pairs.some((pair) => inversions.some((known) => isSamePair(pair, known)));
  const named = pairs.map(({ first, second }) => `${textOf(first)} before ${textOf(second)}`);
  const differences = isFound ? [] : [`explain names ${named.join(', ') || 'no pair'}`];
  return { isFound, differences };
}

const isSamePair = ({ first, second }: NamedPair, known: Inversion): boolean =>
  isAt(first, known.first) && isAt(second, known.second);

function isAt({ actor, operation }: Step, place: OperationPlace): boolean {
  if (place.actor === 'kworker') return actor.startsWith('kworker');
  return actor === place.actor && (place.does === undefined || place.does === operation);
}

const textOf = ({ actor, operation }: Step): string =>
  operation === null ? actor : `operation ${operation} of ${actor}`;
