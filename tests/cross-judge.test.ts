/**
 * Goal: whatever the kernel that runs does, the judge says that a kernel could have done it.
 * Method: random machines, actors and schedules; the run's trace is replayed.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge, traceOf } from './cross-judge.js';
import { randomRun, seed } from './random-runs.js';

const verdictsOf = (calm: boolean, numRuns: number) =>
  fc.assert(
    fc.property(randomRun(calm), seed, (spec, random) => {
      const { diverged, unmodelled, divergences } = judge(traceOf(spec, random));
      expect({ diverged, unmodelled, divergences }).toEqual({
        diverged: 0,
        unmodelled: 0,
        divergences: [],
      });
    }),
    { numRuns },
  );

test('with modules and slots', () => verdictsOf(false, 200));
test('of writes alone', () => verdictsOf(true, 200));
