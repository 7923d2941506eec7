/**
 * Goal: the exploration of a scenario finds what the scenario names and nothing else, and gives
 * evidence for it.
 */
import { describe, expect, test } from 'vitest';
import { boot, outcomeOf, type RunSpec, readyThreads, run, World } from '../kernel/index.js';
import { kindOf, SCENARIOS, specOf } from '../scenarios/index.js';
import { type Exploration, type ExploreOptions, exploreOrders, scheduled } from './index.js';
import { witnessOf } from './witness.js';

const OPTIONS: ExploreOptions = {
  states: 50_000,
  exact: false,
  reduce: 'never',
  samples: 0,
  isBad: () => false,
};

const documentOf = (name: string) => SCENARIOS.find((one) => one.name === name)!;
const worldOf = (name: string) => new World(specOf(documentOf(name)));

function explore(name: string, options: Partial<ExploreOptions> = {}): Exploration {
  return exploreOrders(worldOf(name), { ...OPTIONS, ...options });
}

/** The fewest changes between threads with which each end comes, by a search of all ways. */
function fewestChanges(name: string): Record<string, number> {
  const k = boot(worldOf(name));
  const known = new Map<string, number>();
  const ends: Record<string, number> = {};
  const go = (last: number, changes: number): void => {
    const key = `${last} ${k.cells.copy().join()}`;
    if ((known.get(key) ?? Infinity) <= changes) return;
    known.set(key, changes);
    const ready = readyThreads(k);
    if (ready.length === 0) {
      const end = JSON.stringify(outcomeOf(k, 0).drivers);
      ends[end] = Math.min(ends[end] ?? Infinity, changes);
    }
    const { moment } = k.cells;
    for (const thread of ready) {
      k.step(thread);
      go(thread, changes + Number(last >= 0 && thread !== last));
      k.cells.undo(moment);
    }
  };
  go(-1, 0);
  return ends;
}

test.each([
  'two-binders',
  'module-order',
  'native-driver-first',
  'drivers-probe-sees-a-try',
])('the witnesses of %s have the fewest changes between threads', (name) => {
  const changesOf = (reduce: 'never' | 'always') =>
    Object.fromEntries(
      explore(name, { reduce }).outcomes.map(({ outcome, schedule }) => [
        JSON.stringify(outcome.drivers),
        schedule.filter((thread, i) => i > 0 && thread !== schedule[i - 1]).length,
      ]),
    );
  const fewest = fewestChanges(name);
  expect(changesOf('never')).toEqual(fewest);
  expect(changesOf('always')).toEqual(fewest);
});

describe.each(
  SCENARIOS.map((document) => [document.name, document] as const),
)('%s', (name, document) => {
  test.each([
    'never',
    'always',
  ] as const)('all of its orders end as it says, reduced %s', (reduce) => {
    const isBad: ExploreOptions['isBad'] = (outcome) => kindOf(outcome, document.outcomes) < 0;
    const { closed, outcomes } = explore(name, { reduce, isBad });
    expect({ closed, unnamed: outcomes.filter((one) => one.isBad) }).toEqual({
      closed: true,
      unnamed: [],
    });
  });

  test('the schedule of each outcome leads to it', () => {
    const { outcomes } = explore(name);
    for (const { outcome, schedule } of outcomes) {
      const again = run(boot(worldOf(name)), scheduled(schedule));
      expect({ ...again, steps: 0 }).toEqual({ ...outcome, steps: 0 });
    }
  });
});

test('actors that do not meet have as many orders as their steps can be mixed', () => {
  const spec = specOf(documentOf('two-binders'));
  const action = { type: 'write' as const, attribute: 'drivers_autoprobe', text: '1' };
  const operation = { action: { ...action, address: null, driver: null }, when: null };
  const actor = (name: string, count: number) => ({
    name,
    operations: Array.from({ length: count }, () => ({ ...operation, onError: 'stop' as const })),
  });
  const [one, other] = [actor('one', 40), actor('other', 50)];
  const stepsOf = (actors: RunSpec['actors']) =>
    exploreOrders(new World({ ...spec, actors }), OPTIONS).outcomes[0].schedule.length;
  const steps = stepsOf([one]);
  const { orders } = exploreOrders(new World({ ...spec, actors: [one, other] }), OPTIONS);
  expect(orders).toBe(choose(steps + stepsOf([other]), steps));
  expect(orders! > 2n ** 53n).toBe(true);
});

function choose(n: number, k: number): bigint {
  let ways = 1n;
  for (let i = 1; i <= k; i++) ways = (ways * BigInt(n - k + i)) / BigInt(i);
  return ways;
}

test('a deadlock is an outcome, with its cycle', () => {
  const { outcomes } = explore('pf-removed-with-vfs-6-18');
  expect(outcomes).toHaveLength(1);
  expect(outcomes[0].outcome.deadlock?.cycle.map(({ waitsFor }) => waitsFor)).toEqual([
    'pci_rescan_remove_lock',
  ]);
});

test('outcomes that differ only in errors are one', () => {
  const { outcomes } = explore('two-binders');
  expect(outcomes.map(({ outcome }) => outcome.drivers)).toEqual([
    { '0000:42:00.0': expect.any(String) },
    { '0000:42:00.0': expect.any(String) },
  ]);
});

test('a space that is too large is searched within bounds, and the result says so', () => {
  const bounded = explore('unbind-hits-the-next', { states: 150, samples: 200 });
  expect(bounded).toMatchObject({ closed: false, orders: null, coverage: { type: 'bounded' } });
  expect(bounded.coverage).toMatchObject({ preemptions: expect.any(Number), samples: 200 });
  expect(bounded.outcomes).toHaveLength(explore('unbind-hits-the-next').outcomes.length);
});

test('persistent sets are used when not all states can be entered', () => {
  const { states } = explore('unbind-before-override');
  const reduced = explore('unbind-before-override', { states: states - 1, reduce: 'ifNeeded' });
  expect(reduced).toMatchObject({ closed: true, orders: null, coverage: { type: 'reduced' } });
});

test('persistent sets leave one order of actors that bind different functions', () => {
  const spec = specOf(documentOf('two-binders'));
  const [nic] = spec.machine.functions;
  const places = ['0000:50:00.0', '0000:51:00.0', '0000:52:00.0'];
  const functions = places.map((address) => ({ ...nic, address }));
  const write = { type: 'write' as const, attribute: 'bind', driver: 'ixgbe', address: null };
  const actors = places.map((text) => ({
    name: text,
    operations: [{ action: { ...write, text }, when: null, onError: 'continue' as const }],
  }));
  const world = new World({ machine: { ...spec.machine, functions }, actors });
  const { states, edges, outcomes } = exploreOrders(world, { ...OPTIONS, reduce: 'always' });
  expect({ edges, outcomes: outcomes.length }).toEqual({ edges: states - 1, outcomes: 1 });
});

test('a witness says who does what, and where it is interrupted', () => {
  const { outcomes } = explore('unbind-hits-the-next');
  const lost = outcomes.find(({ outcome }) => outcome.drivers['0000:42:00.0'] === null)!;
  const steps = witnessOf(worldOf('unbind-hits-the-next'), lost.schedule);
  const unbind = 'echo 0000:42:00.0 > drivers/ixgbe/unbind';
  expect(steps.map(({ actor, what }) => [actor, what])).toEqual([
    ['late', `${unbind} (until device_release_driver_internal)`],
    ['assign', 'echo vfio-pci > devices/0000:42:00.0/driver_override'],
    ['assign', unbind],
    ['assign', 'echo 0000:42:00.0 > drivers/vfio-pci/bind'],
    ['late', `${unbind} (to its end)`],
  ]);
});
