/**
 * Every order of a run's steps, one after the other: what the exploration must find, by a program
 * that shares nothing with it. And a sweep that compares the two:
 *
 *   node dist/tests/brute-force.js RUNS SEED
 */
import fc from 'fast-check';
import { type ExploreOptions, exploreOrders } from '../replay/explore/index.js';
import {
  type Action,
  boot,
  describeDeadlock,
  type Kernel,
  type Outcome,
  outcomeOf,
  type RunSpec,
  readyThreads,
  World,
} from '../replay/kernel/index.js';
import { randomRun } from './random-runs.js';
import { withUdev } from './random-udev.js';
import { randomVfioRun } from './random-vfio.js';
import { isProgram } from './sweeps/options.js';

/** Orders by outcome. */
export type Orders = ReadonlyMap<string, bigint>;

/** The outcome as people tell outcomes apart. */
const nameOf = ({ drivers, deadlock, faults }: Outcome): string =>
  JSON.stringify({ drivers, deadlock: deadlock && describeDeadlock(deadlock), faults });

class TooMany extends Error {}

/** Tries all orders. @returns null when there are more than `most` */
export function everyOrder(spec: RunSpec, most: number): Orders | null {
  const k = boot(new World(spec));
  const orders = new Map<string, bigint>();
  let count = 0;
  const go = (): void => {
    const { moment } = k.cells;
    const ready = readyThreads(k);
    if (ready.length === 0) {
      if (++count > most) throw new TooMany();
      const name = nameOf(outcomeOf(k, 0));
      orders.set(name, (orders.get(name) ?? 0n) + 1n);
    }
    for (const thread of ready) {
      k.step(thread);
      go();
      k.cells.undo(moment);
    }
  };
  try {
    go();
    return orders;
  } catch (error) {
    if (error instanceof TooMany) return null;
    throw error;
  }
}

/**
 * The same for runs with more orders: what follows from a state is computed once, and states are
 * told apart by all of their cells. @returns null when there are more than `most` states
 */
export function everyState(spec: RunSpec, most: number): Orders | null {
  const k = boot(new World(spec));
  const known = new Map<string, Map<string, bigint>>();
  const go = (): Map<string, bigint> => {
    const { moment } = k.cells;
    const key = keyOf(k);
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= most) throw new TooMany();
    const orders = new Map<string, bigint>();
    known.set(key, orders);
    const ready = readyThreads(k);
    if (ready.length === 0) orders.set(nameOf(outcomeOf(k, 0)), 1n);
    for (const thread of ready) {
      k.step(thread);
      for (const [name, n] of go()) orders.set(name, (orders.get(name) ?? 0n) + n);
      k.cells.undo(moment);
    }
    return orders;
  };
  try {
    return go();
  } catch (error) {
    if (error instanceof TooMany) return null;
    throw error;
  }
}

/** Every cell that is not 0, with its value. */
function keyOf(k: Kernel): string {
  const cells = k.cells.copy();
  let key = '';
  for (let cell = 0; cell < cells.length; cell++) {
    if (cells[cell] !== 0) key += `${cell}=${cells[cell]} `;
  }
  return key;
}

/** What the exploration finds. @returns null when it does not close */
export function explored(spec: RunSpec, reduce: 'never' | 'always', exact = false): Found | null {
  return foundBy(spec, { reduce, exact });
}

/** The same when components are searched apart. */
export const exploredApart = (spec: RunSpec): Found | null =>
  foundBy(spec, { reduce: 'never', exact: false, judges: 'outcome' });

export interface Found {
  readonly orders: Map<string, bigint | null>;
  readonly states: number;
  readonly components: number;
}

function foundBy(
  spec: RunSpec,
  how: Pick<ExploreOptions, 'reduce' | 'exact' | 'judges'>,
): Found | null {
  const options = { ...how, states: 100_000, samples: 0, isBad: () => false };
  const { closed, outcomes, states, components } = exploreOrders(new World(spec), options);
  if (!closed) return null;
  const orders = new Map(outcomes.map((one) => [nameOf(one.outcome), one.orders]));
  return { orders, states, components };
}

const PF = '0000:41:00.0';
const VF = '0000:41:00.4';
const DISK = '0000:42:00.0';

/** Writes that are about one function, or that make and remove it. */
const writesOn = (address: string): fc.Arbitrary<Action> => {
  const write = (attribute: string, text: string, to: string | null, driver: string | null) =>
    ({ type: 'write', attribute, address: to, driver, text }) as const;
  const native = address === DISK ? 'nvme' : 'nova_core';
  const either = fc.constantFrom(native, 'vfio-pci');
  return fc.oneof(
    fc
      .constantFrom('vfio-pci', '\n', 'nobody')
      .map((t) => write('driver_override', t, address, null)),
    either.map((driver) => write('bind', address, null, driver)),
    either.map((driver) => write('unbind', address, null, driver)),
    fc.constant(write('drivers_probe', address, null, null)),
    fc.constant(write('remove', '1', address, null)),
    fc.constantFrom('0', '1').map((n) => write('sriov_numvfs', n, PF, null)),
    fc.constantFrom('0', '1').map((n) => write('sriov_drivers_autoprobe', n, PF, null)),
  );
};

/** A random machine, on which all actors write to the same function. */
const contendedRun: fc.Arbitrary<RunSpec> = fc
  .tuple(randomRun(), fc.constantFrom(DISK, VF))
  .chain(([{ machine }, address]) => {
    const operation = writesOn(address).map((action) => ({
      action,
      when: null,
      onError: 'continue' as const,
    }));
    const actor = fc.array(operation, { minLength: 1, maxLength: 3 });
    return fc.array(actor, { minLength: 2, maxLength: 3 }).map((lists) => ({
      machine,
      actors: lists.map((operations, i) => ({ name: `actor-${i}`, operations })),
    }));
  });

const PLACES = ['0000:51:00.0', '0000:52:00.0', '0000:53:00.0'];

/**
 * A random run with two or three functions, each with one or two actors of its own. They share the
 * drivers; some also share a lock, a group or an attribute of the bus.
 */
export const apartRun: fc.Arbitrary<RunSpec> = fc
  .record({
    run: randomRun(),
    places: fc.constantFrom(2, 2, 3),
    lists: fc.array(fc.array(fc.nat(7), { minLength: 1, maxLength: 2 }), {
      minLength: 2,
      maxLength: 4,
    }),
    group: fc.boolean(),
  })
  .map(({ run: { machine }, places, lists, group }) => {
    const first = machine.functions.find(({ address }) => address === DISK)!;
    const functions = PLACES.slice(0, places).map((address) => ({
      ...first,
      address,
      ...(group ? { group: 7 } : {}),
    }));
    const drivers = machine.drivers.map((driver) => ({ ...driver, defersUntil: null }));
    return {
      machine: { ...machine, drivers, functions },
      actors: lists.map((numbers, i) => ({
        name: `actor-${i}`,
        operations: numbers.map((n) => ({
          action: writeTo(PLACES[i % places], n),
          when: null,
          onError: 'continue' as const,
        })),
      })),
    };
  });

function writeTo(at: string, n: number): Action {
  const write = (attribute: string, text: string, to: string | null, driver: string | null) =>
    ({ type: 'write', attribute, address: to, driver, text }) as const;
  const actions = [
    write('driver_override', 'vfio-pci', at, null),
    write('unbind', at, null, 'nvme'),
    write('bind', at, null, 'vfio-pci'),
    write('drivers_probe', at, null, null),
    write('unbind', at, null, 'vfio-pci'),
    write('bind', at, null, 'nvme'),
    write('remove', '1', at, null),
    write('driver_override', '\n', at, null),
  ];
  return actions[n];
}

/** A random run with few operations, so that all of its orders can be tried. */
export const smallRun = (actors: number, operations: number): fc.Arbitrary<RunSpec> =>
  fc
    .oneof(
      ...[contendedRun, contendedRun, withUdev(contendedRun), withUdev(randomRun())],
      ...[randomRun(), randomVfioRun()],
    )
    .map((spec) => ({
      ...spec,
      actors: spec.actors
        .slice(0, actors)
        .map((actor) => ({ ...actor, operations: actor.operations.slice(0, operations) })),
    }));

export const sorted = (orders: Iterable<readonly [string, bigint | null]>): string[] =>
  [...orders].map(([name, n]) => `${name}: ${n}`).sort();

function sweep(runs: number, seed: number): void {
  const counts = {
    compared: 0,
    tooLarge: 0,
    outcomes: 0,
    states: 0,
    reduced: 0,
    withComponents: 0,
    different: 0,
  };
  const specs = fc.sample(fc.oneof(smallRun(3, 2), apartRun), { numRuns: runs, seed });
  for (const [i, spec] of specs.entries()) {
    const right = everyState(spec, 3000);
    const all = right === null ? null : explored(spec, 'never');
    const reduced = right === null ? null : explored(spec, 'always');
    const apart = right === null ? null : exploredApart(spec);
    if (right === null || all === null || reduced === null || apart === null) {
      counts.tooLarge++;
      continue;
    }
    counts.compared++;
    counts.outcomes += right.size;
    counts.states += all.states;
    counts.reduced += reduced.states;
    if (apart.components > 1) counts.withComponents++;
    const isSame =
      sorted(all.orders).join() === sorted(right).join() &&
      sorted(apart.orders).join() === sorted(right).join() &&
      [...reduced.orders.keys()].sort().join() === [...right.keys()].sort().join();
    if (isSame) continue;
    counts.different++;
    console.log(`run ${i} of seed ${seed} differs`);
  }
  console.log(counts);
}

if (isProgram(import.meta)) {
  const [runs = 2000, seed = 1] = process.argv.slice(2).map(Number);
  sweep(runs, seed);
}
