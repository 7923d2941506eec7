/** Goal: threads are searched apart where they share nothing, and together where they meet. */
import { expect, test } from 'vitest';
import { type Action, boot, type RunSpec, run, World } from '../kernel/index.js';
import { SCENARIOS, specOf } from '../scenarios/index.js';
import { type ExploreOptions, exploreOrders, scheduled } from './index.js';

const OPTIONS: ExploreOptions = {
  states: 100_000,
  exact: false,
  reduce: 'never',
  samples: 0,
  isBad: () => false,
  judges: 'component',
};

const { machine } = specOf(SCENARIOS.find(({ name }) => name === 'two-binders')!);
const [nic] = machine.functions;
const placeOf = (i: number): string => `0000:5${i}:00.0`;

const write = (attribute: string, text: string, driver: string | null): Action => ({
  type: 'write',
  attribute,
  address: null,
  driver,
  text,
});

const bind = (i: number, driver = 'ixgbe'): Action => write('bind', placeOf(i), driver);

/** Each actor does its operations on a machine with some functions. */
const runOf = (functions: number, actors: readonly (readonly Action[])[]): RunSpec => ({
  machine: {
    ...machine,
    functions: Array.from({ length: functions }, (_, i) => ({ ...nic, address: placeOf(i) })),
  },
  actors: actors.map((actions, i) => ({
    name: `actor-${i}`,
    operations: actions.map((action) => ({ action, when: null, onError: 'continue' })),
  })),
});

const explore = (spec: RunSpec, options: Partial<ExploreOptions> = {}) =>
  exploreOrders(new World(spec), { ...OPTIONS, ...options });

/** Two drivers compete for each function. */
const raced = (functions: number): RunSpec =>
  runOf(
    functions,
    Array.from({ length: 2 * functions }, (_, i) => [bind(i >> 1, i % 2 ? 'other' : 'ixgbe')]),
  );

test('actors that bind different functions to one driver are components', () => {
  expect(explore(runOf(3, [[bind(0)], [bind(1)], [bind(2)]])).components).toBe(3);
});

test('two actors on one function are one component', () => {
  expect(explore(runOf(2, [[bind(0)], [bind(0)], [bind(1)]])).components).toBe(2);
});

test('an actor that works on both functions joins those who work on one', () => {
  expect(explore(runOf(2, [[bind(0)], [bind(1)], [bind(0), bind(1)]])).components).toBe(1);
});

test('the lock of the bus that removal takes joins different functions', () => {
  const remove = (i: number): Action => ({
    type: 'write',
    attribute: 'remove',
    address: placeOf(i),
    driver: null,
    text: '1',
  });
  expect(explore(runOf(2, [[remove(0)], [remove(1)]])).components).toBe(1);
});

test('VFs of one PF join the actors that make them and bind them', () => {
  const sriov = SCENARIOS.find(({ name }) => name === 'vf-removed-twice')!;
  const spec = specOf(sriov);
  expect(explore(spec).components).toBe(1);
});

test('a driver that is unloaded joins those whom it would be bound by', () => {
  const unload: Action = { type: 'unload', driver: 'other' };
  expect(explore(runOf(2, [[unload], [bind(1, 'other')]])).components).toBe(1);
});

test('the counter of probes under way joins different functions when a probe may be put off', () => {
  const probe = (i: number) => write('drivers_probe', placeOf(i), null);
  const spec = runOf(3, [[probe(0)], [probe(1)]]);
  const drivers = machine.drivers.map((one) =>
    one.name === 'other' ? { ...one, defersUntil: placeOf(2) } : one,
  );
  expect(explore(spec).components).toBe(2);
  expect(explore({ ...spec, machine: { ...spec.machine, drivers } }).components).toBe(1);
});

test('combinations of outcomes that are few are listed, each with a run that ends so', () => {
  const spec = raced(2);
  const apart = explore(spec);
  expect(apart.components).toBe(2);
  expect(apart.outcomes).toHaveLength(4);
  for (const { outcome, schedule, component } of apart.outcomes) {
    const again = run(boot(new World(spec)), scheduled(schedule));
    expect([again.drivers, component]).toEqual([outcome.drivers, null]);
  }
});

test('too many combinations are reported by component, and the orders are those of all', () => {
  const spec = raced(7);
  const { components, orders, outcomes } = explore(spec);
  expect({ components, outcomes: outcomes.length }).toEqual({ components: 7, outcomes: 14 });
  for (let component = 1; component <= 7; component++) {
    const own = outcomes.filter((one) => one.component === component);
    expect(own.map(({ outcome }) => Object.keys(outcome.drivers))).toEqual([
      [placeOf(component - 1)],
      [placeOf(component - 1)],
    ]);
    expect(own.reduce((sum, one) => sum + one.orders!, 0n)).toBe(orders);
    for (const { outcome, schedule } of own) {
      const again = run(boot(new World(spec)), scheduled(schedule));
      expect(again.drivers).toMatchObject(outcome.drivers);
    }
  }
});

test('a judgement of whole outcomes is made on combinations', () => {
  const isBad: ExploreOptions['isBad'] = ({ drivers }) =>
    drivers[placeOf(0)] === 'other' && drivers[placeOf(1)] === 'other';
  const { outcomes } = explore(raced(2), { isBad, judges: 'outcome' });
  expect(outcomes.map(({ isBad: is }) => is).sort()).toEqual([false, false, false, true]);
});

test('a judgement that may look at anything is made on whole states', () => {
  const { judges: _, ...options } = OPTIONS;
  expect(exploreOrders(new World(raced(2)), options).components).toBe(1);
});

test('actors that do nothing are no components, and the run has one end', () => {
  const never = { type: 'exists', address: '0000:51:00.0' } as const;
  const { machine: own, actors } = runOf(1, [[bind(0)], [bind(0)]]);
  const waiting = actors.map((actor) => ({
    ...actor,
    operations: actor.operations.map((one) => ({ ...one, when: never })),
  }));
  const [there] = own.functions;
  const absent = { ...there, address: never.address, present: false };
  const spec = { machine: { ...own, functions: [there, absent] }, actors: waiting };
  const { components, orders, outcomes } = explore(spec);
  expect({ components, orders, ends: outcomes.length }).toEqual({
    components: 1,
    orders: 1n,
    ends: 1,
  });
});
