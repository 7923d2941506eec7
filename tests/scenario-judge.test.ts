/**
 * Goal: the judge agrees with every run of a scenario that comes with vfr, and nothing of it is
 * unknown to it.
 * Method: each is run with several schedules, and the recording of each run is judged; a second run
 * with the same schedule gives the same verdicts.
 */
import { describe, expect, test } from 'vitest';
import { SCENARIOS, specOf } from '../replay/index.js';
import { judge, traceOf } from './cross-judge.js';

const SCHEDULES = 5;

describe.each(
  SCENARIOS.map((document) => [document.name, document] as const),
)('%s', (_, document) => {
  const judged = (seed: number) => judge(traceOf(specOf(document), seed));

  test('the judge finds nothing wrong in the runs of a scenario, and nothing unknown', () => {
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const { divergences, unmodelled, unknown } = judged(seed);
      const found = { seed, divergences, unmodelled, unknown };
      expect(found).toEqual({ seed, divergences: [], unmodelled: 0, unknown: 0 });
    }
  });

  test('a scenario that is run and judged twice gives the same hash', () => {
    expect(judged(1).stateHash).toBe(judged(1).stateHash);
  });
});
