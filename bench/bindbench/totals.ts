/** Sums over all cases. */
import type { Found, Score } from './score-case.js';

const TOOLS = ['explore', 'explain', 'predictive'] as const;

export interface Totals {
  /** Cases that neither explore nor explain has missed. */
  readonly found: number;
  readonly missed: number;
  readonly falseAlarms: number;
  readonly byTool: Readonly<Record<(typeof TOOLS)[number], { found: number; missed: number }>>;
}

export function totalsOf(scores: readonly Score[]): Totals {
  const isMissed = ({ explore, explain }: Score) => [explore, explain].includes('missed');
  const missed = scores.filter(isMissed).length;
  const count = (tool: (typeof TOOLS)[number], ...verdicts: readonly Found[]) =>
    scores.filter((one) => verdicts.includes(one[tool])).length;
  return {
    found: scores.length - missed,
    missed,
    falseAlarms: scores.reduce((sum, one) => sum + one.falseAlarms, 0),
    byTool: Object.fromEntries(
      TOOLS.map((tool) => [
        tool,
        { found: count(tool, 'found', 'silent'), missed: count(tool, 'missed') },
      ]),
    ) as unknown as Totals['byTool'],
  };
}
