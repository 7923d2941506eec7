/**
 * Goal: searching components apart changes nothing but the time that it takes.
 * Method: random runs with independent functions, compared with a program that enters every whole
 * state, and with the search of the whole run.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apartRun, everyState, exploredApart, smallRun, sorted } from '../../tests/brute-force.js';

const STATES_MAX = 3000;

test('outcomes and orders of runs of several functions are those of the whole states', () => {
  let apart = 0;
  fc.assert(
    fc.property(apartRun, (spec) => {
      const right = everyState(spec, STATES_MAX);
      const found = right === null ? null : exploredApart(spec);
      if (right === null || found === null) return;
      if (found.components > 1) apart++;
      expect(sorted(found.orders)).toEqual(sorted(right));
    }),
    { numRuns: 60, seed: 16 },
  );
  expect(apart).toBeGreaterThan(5);
});

test('outcomes and orders of any run are those of the whole states, joined or not', () => {
  fc.assert(
    fc.property(smallRun(3, 2), (spec) => {
      const right = everyState(spec, 800);
      if (right === null) return;
      expect(sorted(exploredApart(spec)?.orders ?? [])).toEqual(sorted(right));
    }),
    { numRuns: 60 },
  );
});
