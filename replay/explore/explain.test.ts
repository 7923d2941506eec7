/**
 * Goal: the explanation of a bad end names the operations that decided it, and nothing nearer exists.
 * Method: scenarios whose race is known, and a search of every order of small random runs.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { smallRun } from '../../tests/brute-force.js';
import {
  boot,
  describeDeadlock,
  type Outcome,
  outcomeOf,
  type RunSpec,
  readyThreads,
  run,
  World,
} from '../kernel/index.js';
import { SCENARIOS, specOf } from '../scenarios/index.js';
import { classOfPair, explainRun, exploreOrders, scheduled } from './index.js';
import { nearestOrder } from './least-inversion.js';
import { conflictOf, OrderedRun } from './ordered-run.js';

const OPTIONS = { states: 50_000, exact: false, reduce: 'ifNeeded', samples: 0 } as const;

const keyOf = ({ drivers, deadlock, faults }: Outcome): string =>
  JSON.stringify([drivers, deadlock && describeDeadlock(deadlock), faults]);

const worldOf = (name: string) => new World(specOf(SCENARIOS.find((one) => one.name === name)!));

/** Explains the end in which a function has a driver, where another driver was wanted. */
function explained(name: string, address: string, bad: string | null, wanted: string | null) {
  const world = worldOf(name);
  const { outcomes } = exploreOrders(world, { ...OPTIONS, isBad: () => false });
  const { schedule } = outcomes.find(({ outcome }) => outcome.drivers[address] === bad)!;
  const isBad = ({ drivers }: Outcome) => drivers[address] !== wanted;
  return explainRun(world, schedule, { ...OPTIONS, isBad })!;
}

const inWords = ({ inversions }: ReturnType<typeof explained>) =>
  inversions.map(({ first, second }) => [first.actor, first.what, second.actor, second.what]);

describe('the pair that decided', () => {
  test('explain names the first probe of a VF and the override that came too late', () => {
    const found = explained('native-driver-first', '0000:41:00.4', 'nova_core', 'vfio-pci');
    expect(inWords(found)).toEqual([
      [
        'admin',
        'echo 1 > devices/0000:41:00.0/sriov_numvfs (pci_bus_match)',
        'udev',
        'echo vfio-pci > devices/0000:41:00.4/driver_override (driver_override)',
      ],
    ]);
    expect(found).toMatchObject({ class: 'R1', fixCloses: true, isLeast: true });
    expect(found.lost.actor).toBe('admin');
  });

  test('explain names the new_id that took the twin of a function', () => {
    const found = explained('new-id-takes-twin', '0000:43:00.0', 'vfio-pci', 'ixgbe');
    expect(found).toMatchObject({ class: 'R3', fixCloses: true });
    expect(new Set(inWords(found)[0])).toContain('assign');
  });

  test('explain names an unlocked look at the binding as a check before its use', () => {
    const found = explained('unbind-hits-the-next', '0000:42:00.0', null, 'vfio-pci');
    expect(found.class).toBe('R18');
    expect(found.inversions).toHaveLength(1);
    expect(found.inversions[0].first).toMatchObject({ actor: 'late', operation: 1 });
  });

  test('explain names the module that came first', () => {
    const world = worldOf('module-order');
    const { outcomes } = exploreOrders(world, { ...OPTIONS, isBad: () => false });
    const [one, other] = outcomes;
    const isBad = (outcome: Outcome) => keyOf(outcome) !== keyOf(other.outcome);
    expect(explainRun(world, one.schedule, { ...OPTIONS, isBad })?.class).toBe('R6');
  });
});

test('an override that another actor clears is of one class, whichever of the two came first', () => {
  const override = (text: string) =>
    ({
      type: 'write',
      attribute: 'driver_override',
      address: '0000:41:00.4',
      driver: null,
      text,
    }) as const;
  const [set, clear] = [override('vfio-pci\n'), override('\n')];
  expect([classOfPair(set, clear, false), classOfPair(clear, set, false)]).toEqual(['R5', 'R5']);
});

test('the events that explain names are those of a recording of the order', () => {
  const { inversions, lost } = explained(
    'native-driver-first',
    '0000:41:00.4',
    'nova_core',
    'vfio-pci',
  );
  for (const { seq, step } of [...inversions.flatMap((p) => [p.first, p.second]), lost]) {
    expect(seq).toEqual(expect.any(Number));
    expect(step).toEqual(expect.any(Number));
  }
});

test('the advice of explain is what was tried, and keeps what an operation waits for already', () => {
  const spec = specOf(SCENARIOS.find(({ name }) => name === 'unbind-hits-the-next')!);
  const when = { type: 'done', actor: 'assign', operations: 1 } as const;
  const actors = spec.actors.map((actor) =>
    actor.name === 'late'
      ? { ...actor, operations: actor.operations.map((one) => ({ ...one, when })) }
      : actor,
  );
  const world = new World({ ...spec, actors });
  const isBad = ({ drivers }: Outcome) => drivers['0000:42:00.0'] !== 'vfio-pci';
  const { outcomes } = exploreOrders(world, { ...OPTIONS, isBad });
  const { schedule } = outcomes.find((one) => one.isBad)!;
  const found = explainRun(world, schedule, { ...OPTIONS, isBad });
  expect(found).toMatchObject({ class: 'R18', fixCloses: true });
  expect(found?.advice).toMatch(/^Let late wait before ".*" until assign has done ".*"\.$/);
});

test('explain finds nothing where no order has the wanted end', () => {
  const world = worldOf('override-too-late');
  const { outcomes } = exploreOrders(world, { ...OPTIONS, isBad: () => false });
  expect(explainRun(world, outcomes[0].schedule, { ...OPTIONS, isBad: () => true })).toBeNull();
});

test('every other outcome of every scenario is explained by at least one inversion', () => {
  for (const document of SCENARIOS) {
    const world = new World(specOf(document));
    const { outcomes } = exploreOrders(world, { ...OPTIONS, isBad: () => false });
    for (const bad of outcomes) {
      for (const wanted of outcomes) {
        if (bad === wanted) continue;
        const isBad = (outcome: Outcome) => keyOf(outcome) !== keyOf(wanted.outcome);
        const found = nearestOrder(new OrderedRun(world, bad.schedule), { ...OPTIONS, isBad });
        expect(found?.inversions.length, document.name).toBeGreaterThan(0);
        const end = run(boot(world), scheduled(found!.schedule));
        expect(keyOf(end), document.name).toBe(keyOf(wanted.outcome));
      }
    }
  }
});

/** The least number of overtaken operations on the way to a wanted end: what follows a state, once. */
function leastOf(spec: RunSpec, given: OrderedRun, wanted: string, most: number): number | null {
  const k = boot(new World(spec));
  const known = new Map<string, number>();
  const costOf = (thread: number): number => {
    const done = given.doneBy(k, thread);
    const step = done < 0 ? given.strayStep(k, thread) : given.byThread[thread][done];
    const next = step ?? given.pending.get(thread);
    const seen = new Set<string>();
    for (const other of given.steps) {
      if (next === undefined || other.thread === thread || other.at >= next.at) continue;
      const count = given.doneBy(k, other.thread);
      const left = count < 0 ? -1 - count : count;
      if (given.byThread[other.thread].indexOf(other) < left) continue;
      if (conflictOf(other, next) === 'data') seen.add(`${other.thread} ${other.operation}`);
    }
    return seen.size;
  };
  const go = (): number => {
    const key = k.cells.copy().join();
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size > most) return Number.NaN;
    const { moment } = k.cells;
    const ready = readyThreads(k);
    const isWanted = ready.length === 0 && keyOf(outcomeOf(k, 0)) === wanted;
    let least = isWanted ? 0 : Number.POSITIVE_INFINITY;
    for (const thread of ready) {
      const cost = costOf(thread);
      k.step(thread);
      const rest = go();
      k.cells.undo(moment);
      if (Number.isNaN(rest)) return rest;
      least = Math.min(least, cost + rest);
    }
    known.set(key, least);
    return least;
  };
  const least = go();
  return Number.isNaN(least) ? null : least;
}

test('no order is nearer than the one that explain finds in small random runs', () => {
  let compared = 0;
  fc.assert(
    fc.property(smallRun(3, 2), ({ machine, actors }) => {
      // Sleeping and waking has too many orders to try all.
      const spec = { machine: { ...machine, runtimePm: false }, actors };
      const world = new World(spec);
      const { outcomes } = exploreOrders(world, { ...OPTIONS, isBad: () => false });
      if (outcomes.length < 2) return;
      const [bad, other] = outcomes;
      const given = new OrderedRun(world, bad.schedule);
      const wanted = keyOf(other.outcome);
      const least = leastOf(spec, given, wanted, 800);
      if (least === null) return;
      const isBad = (outcome: Outcome) => keyOf(outcome) !== wanted;
      const found = nearestOrder(given, { ...OPTIONS, isBad })!;
      compared++;
      expect(found.cost).toBe(least);
    }),
    { numRuns: 150 },
  );
  expect(compared).toBeGreaterThan(0);
});
