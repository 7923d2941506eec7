/**
 * Goal: whatever the kernel that runs does, the judge says that a kernel could have done it.
 * Method: random machines, actors and schedules; the run's trace is replayed.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunSpec } from '../replay/kernel/index.js';
import { SCENARIOS, specOf } from '../replay/scenarios/index.js';
import { judge, traceOf } from './cross-judge.js';
import { randomRun, seed } from './random-runs.js';
import { withUdev } from './random-udev.js';
import { randomVfioRun } from './random-vfio.js';

const verdictsOf = (runs: fc.Arbitrary<RunSpec>, numRuns: number) =>
  fc.assert(
    fc.property(runs, seed, (spec, random) => {
      const { diverged, unmodelled, divergences } = judge(traceOf(spec, random));
      expect({ diverged, unmodelled, divergences }).toEqual({
        diverged: 0,
        unmodelled: 0,
        divergences: [],
      });
    }),
    { numRuns },
  );

test('the judge agrees with random runs with modules and slots', () =>
  verdictsOf(randomRun(), 200));
test('the judge agrees with random runs of writes alone', () => verdictsOf(randomRun(true), 200));
test('the judge agrees with random runs on machines with udev', () =>
  verdictsOf(fc.oneof(withUdev(randomRun()), withUdev(randomVfioRun())), 100));

test.each(
  SCENARIOS.map((document) => [document.name, document] as const),
)('the judge agrees with runs of the scenario %s', (_, document) => {
  for (let random = 0; random < 20; random++) {
    const { unmodelled, divergences } = judge(traceOf(specOf(document), random));
    expect({ random, unmodelled, divergences }).toEqual({ random, unmodelled: 0, divergences: [] });
  }
});

/** Share of responses for which the recording does not say what the judge would have to know. */
const UNKNOWN_MAX = 0.01;

test.each([
  ['alone', false],
  ['while devices are bound and unbound', true],
] as const)('the judge agrees with random runs of users of VFIO %s', (_, busy) => {
  let [responses, unknown] = [0, 0];
  fc.assert(
    fc.property(randomVfioRun(busy), seed, (spec, random) => {
      const result = judge(traceOf(spec, random));
      responses += result.responses;
      unknown += result.unknown;
      const { diverged, unmodelled, divergences } = result;
      expect({ diverged, unmodelled, divergences }).toEqual({
        diverged: 0,
        unmodelled: 0,
        divergences: [],
      });
    }),
    { numRuns: 200 },
  );
  expect(unknown).toBeLessThan(UNKNOWN_MAX * responses);
});
