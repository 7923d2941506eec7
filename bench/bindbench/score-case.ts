/** The score of a case: whether its race was found, and whether anything was reported of its fix. */
import { explainCase } from './explain-case.js';
import { type ExploredCase, exploreCase } from './explore-case.js';
import { falselyPredicted, type PredictedCase, predictCase } from './predict-case.js';
import type { Case } from './read-case.js';

/** found: the race, and nothing else; silent: rightly nothing; null: not run. */
export type Found = 'found' | 'missed' | 'silent' | null;

export interface Score {
  readonly id: string;
  readonly title: string;
  readonly class: string | null;
  readonly explore: Found;
  readonly explain: Found;
  readonly predictive: Found;
  /**
   * What is reported where there is no race, of the fixed scenario or of a silent case: bad outcomes
   * of explore, and races predicted from a recording.
   */
  readonly falseAlarms: number;
  /** States of the racy and the fixed scenario. */
  readonly states: number;
  /** Processor time, in milliseconds. */
  readonly ms: number;
  /** What came out otherwise than the case says. */
  readonly differences: readonly string[];
}

export function scoreCase(one: Case): Score {
  const before = process.cpuUsage();
  const racy = exploreCase(one, one.racy);
  const fixed = one.fixed === null ? null : exploreCase(one, one.fixed);
  const kernels = one.kernels.map((document) => ({
    kernel: document.kernel,
    ...exploreCase(one, document),
  }));
  const all = [racy, ...(fixed === null ? [] : [fixed]), ...kernels];
  const differences = [
    ...within('racy', racy),
    ...(fixed === null ? [] : within('fixed', fixed)),
    ...kernels.flatMap((found) => within(`racy on ${found.kernel}`, found)),
  ];
  const explained = explainCase(one, racy);
  const predicted = predictCase(one, racy);
  const ofFixed = fixed === null ? 0 : falselyPredicted(one, fixed);
  const { user, system } = process.cpuUsage(before);
  return {
    id: one.id,
    title: one.title,
    class: one.class,
    explore: differences.length > 0 ? 'missed' : verdictOf(one, racy),
    explain: explained === null ? null : explained.isFound ? 'found' : 'missed',
    predictive: predictedVerdict(one, predicted),
    falseAlarms:
      (fixed?.bad.size ?? 0) +
      ofFixed +
      (one.kind === 'silent' ? alarmsOf(racy) + (predicted?.reported ?? 0) : 0),
    states: all.reduce((sum, { states }) => sum + states, 0),
    ms: Math.round((user + system) / 1000),
    differences: [...differences, ...(explained?.differences ?? [])],
  };
}

const within = (name: string, { differences }: ExploredCase): string[] =>
  differences.map((text) => `${name}: ${text}`);

/** A case that is silent has one outcome, whatever the order. */
const alarmsOf = ({ bad, good }: ExploredCase): number => bad.size + good.size - 1;

function predictedVerdict({ kind }: Case, predicted: PredictedCase | null): Found {
  if (predicted === null) return null;
  if (kind === 'silent') return predicted.reported === 0 ? 'silent' : 'missed';
  return predicted.isFound ? 'found' : 'missed';
}

function verdictOf({ kind }: Case, racy: ExploredCase): Found {
  if (kind === 'race') return racy.bad.size > 0 ? 'found' : 'missed';
  if (kind === 'legal') return racy.bad.size === 0 && racy.good.size > 1 ? 'found' : 'missed';
  return alarmsOf(racy) === 0 ? 'silent' : 'missed';
}
