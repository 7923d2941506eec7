/**
 * Goal: the judge agrees with every run of a scenario that comes with vfr.
 * Method: each is run with several schedules, and the recording of each run is judged.
 */
import { describe, expect, test } from 'vitest';
import { SCENARIOS, specOf } from '../replay/index.js';
import { judge, traceOf } from './cross-judge.js';

const SCHEDULES = 5;

describe.each(
  SCENARIOS.map((document) => [document.name, document] as const),
)('%s', (_, document) => {
  test('the judge finds nothing wrong in the runs of a scenario', () => {
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const reader = traceOf(specOf(document), seed);
      const { divergences, unmodelled } = judge(reader);
      expect({ seed, divergences, unmodelled }).toEqual({ seed, divergences: [], unmodelled: 0 });
    }
  });
});
