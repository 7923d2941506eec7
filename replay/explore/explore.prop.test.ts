/**
 * Goal: the exploration finds exactly the outcomes that a run can have, and counts the orders that
 * lead to each.
 * Method: random small runs, of which another program tries every order.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { everyOrder, everyState, explored, smallRun, sorted } from '../../tests/brute-force.js';

const ORDERS_MAX = 3000;
const STATES_MAX = 800;

test('outcomes and their orders are those of trying every order', () => {
  fc.assert(
    fc.property(smallRun(3, 1), fc.boolean(), (spec, exact) => {
      const right = everyOrder(spec, ORDERS_MAX);
      if (right === null) return;
      expect(sorted(explored(spec, 'never', exact)?.orders ?? [])).toEqual(sorted(right));
    }),
    { numRuns: 100 },
  );
});

test('orders of runs with many are those of a search that compares whole states', () => {
  fc.assert(
    fc.property(smallRun(3, 2), (spec) => {
      const right = everyState(spec, STATES_MAX);
      if (right === null) return;
      expect(sorted(explored(spec, 'never')?.orders ?? [])).toEqual(sorted(right));
    }),
    { numRuns: 60 },
  );
});

test('persistent sets lose no outcome and add none', () => {
  fc.assert(
    fc.property(smallRun(3, 3), (spec) => {
      const all = explored(spec, 'never');
      const reduced = explored(spec, 'always');
      if (all === null || reduced === null) return;
      expect([...reduced.orders.keys()].sort()).toEqual([...all.orders.keys()].sort());
      expect(reduced.states).toBeLessThanOrEqual(all.states);
    }),
    { numRuns: 60 },
  );
});
