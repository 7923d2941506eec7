/**
 * Goal: a scenario means the same on the lab's machine, and a predicted order is one that the lab can do.
 * Method: documents for the lab are run on the kernel that runs, and witnesses are made of its races.
 */
import { expect, test } from 'vitest';
import { checkScenario, kindOf, SCENARIOS, specOf } from '../replay/index.js';
import { boot, randomly, run, World } from '../replay/kernel/index.js';
import { compareLanes, lanesOf } from './compare-runs.js';
import { obstacle, onLab } from './lab-scenario.js';
import { provokedCases } from './provoked-cases.js';
import { ordersOf } from './witness-order.js';

const possible = SCENARIOS.filter((one) => obstacle(one, '6.12') === null);

test('the lab can run more than thirty scenarios, with native drivers and with users of VFIO', () => {
  const names = possible.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(30);
  expect(names).toEqual(
    expect.arrayContaining(['rejected-then-nouveau', 'vfio-unbind-asks-the-user']),
  );
});

test.each(
  possible.map((one) => [one.name, one] as const),
)('the scenario %s ends on the machine of the lab as its document says', (_, scenario) => {
  const mapped = onLab(scenario);
  expect(checkScenario(JSON.stringify(mapped, null, 2), 'lab.json')).toEqual([]);
  for (let seed = 1; seed <= 3; seed++) {
    const outcome = run(boot(new World(specOf(mapped))), randomly(seed));
    expect(kindOf(outcome, mapped.outcomes)).toBeGreaterThanOrEqual(0);
  }
});

test('an event of one actor that differs is named, and not counted as equal', () => {
  const event = (task: string, name: string, ret: bigint) =>
    ({ kind: 'bind', phase: 'end', task, name, ret }) as const;
  const names = new Set(['bind']);
  const lanes = (ret: bigint) =>
    lanesOf([event('a', 'bind', 0n), event('b', 'bind', ret)], ['a', 'b'], {
      names,
      points: new Set(),
    });
  expect(compareLanes(lanes(0n), lanes(-16n))).toEqual({
    compared: 2,
    equal: 1,
    first: { actor: 'b', model: 'bind end bind ret=-16', real: 'bind end bind ret=0' },
  });
  expect(compareLanes(lanes(0n), lanes(0n)).first).toBeNull();
});

test('an operation that the witness of a deadlock interrupts begins at each of its parts', () => {
  const one = provokedCases().find(({ isDeadlock }) => isDeadlock)!;
  const step = (task: string, what: string) => ({ actor: { task }, what });
  const race = {
    device: '0000:03:00.0',
    class: 'R17',
    deadlock: 'a cycle',
    drivers: { recorded: null, other: 'vfio-pci' },
    witness: [
      step('vmm', 'VFIO_GROUP_GET_DEVICE_FD on group-1'),
      step(
        'admin',
        'echo 0000:03:00.0 > drivers/vfio-pci/unbind (until vfio_unregister_group_dev)',
      ),
      step('vmm', 'echo 0000:03:00.0 > drivers/vfio-pci/bind (until device_driver_attach)'),
      step('admin', 'echo 0000:03:00.0 > drivers/vfio-pci/unbind (continues until sleep)'),
    ],
  };
  expect(ordersOf(one, race)).toContainEqual([
    ...[
      ['admin', 1],
      ['vmm', 1],
      ['vmm', 2],
      ['vmm', 3],
      ['vmm', 4],
      ['vmm', 5],
    ],
    ['admin', 2, 'begun', 300],
    ['vmm', 6, 'begun', 300],
    ['vmm', 7],
  ]);
});
