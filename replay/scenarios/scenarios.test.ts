/**
 * Goal: every scenario that comes with vfr comes out as it says, and every way that it names can
 * come.
 * Method: each is run under many schedules; what is reached is held against what is named.
 */
import { describe, expect, test } from 'vitest';
import { boot, randomly, run, World } from '../kernel/index.js';
import { checkScenario, kindOf, SCENARIOS, specOf } from './index.js';

const SCHEDULES = 300;

test('names are unique', () => {
  const names = SCENARIOS.map(({ name }) => name);
  expect([...new Set(names)]).toEqual(names);
});

describe.each(
  SCENARIOS.map((document) => [document.name, document] as const),
)('%s', (_, document) => {
  test('a scenario has the published form', () => {
    expect(checkScenario(JSON.stringify(document), 'scenario.json')).toEqual([]);
  });

  test('comes out as it says, in all ways that it says', () => {
    const reached = new Set<number>();
    const world = new World(specOf(document));
    for (let seed = 0; seed < SCHEDULES; seed++) {
      const outcome = run(boot(world), randomly(seed));
      const kind = kindOf(outcome, document.outcomes);
      expect({ seed, outcome, kind }).not.toMatchObject({ kind: -1 });
      reached.add(kind);
    }
    expect([...reached].sort()).toEqual(document.outcomes.map((_, i) => i));
  });

  test('a scenario gives the same hash twice', () => {
    const hashes = [0, 1].map(() => run(boot(new World(specOf(document))), randomly(7)).hash);
    expect(hashes[1]).toBe(hashes[0]);
  });
});
