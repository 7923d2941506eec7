/**
 * Goal: a scenario means the same on the lab's machine.
 * Method: documents for the lab are run on the kernel that runs.
 */
import { expect, test } from 'vitest';
import { checkScenario, kindOf, SCENARIOS, specOf } from '../replay/index.js';
import { boot, randomly, run, World } from '../replay/kernel/index.js';
import { importedCapture } from '../tests/captures.js';
import { rowsOf } from '../tests/rewrite.js';
import { compareLanes, lanesOf } from './compare-runs.js';
import { isOfPower, obstacle, onLab } from './lab-scenario.js';
import { onHardware } from './recorded-hardware.js';

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
  // A network card of the same model, which has the same registers.
  const spec = isOfPower(scenario)
    ? onHardware(specOf(mapped), rowsOf(importedCapture('k612-vfio-client-r1')))
    : specOf(mapped);
  for (let seed = 1; seed <= 3; seed++) {
    const outcome = run(boot(new World(spec)), randomly(seed));
    expect(kindOf(outcome, mapped.outcomes)).toBeGreaterThanOrEqual(0);
  }
});

test('what an actor does to the power of a function is compared, and that of others is not', () => {
  const event = (device: string) =>
    ({ kind: 'power.runtime', name: 'rpm_resume', device, task: 'a', value: 1n }) as const;
  const lanes = lanesOf([event('0000:00:01.0'), event('0000:02:00.0')], ['a'], {
    names: new Set(['rpm_resume']),
    points: new Set(),
    powered: new Set(['0000:02:00.0']),
  });
  expect(lanes.get('a')).toHaveLength(1);
});

test('an event of one actor that differs is named, and not counted as equal', () => {
  const event = (task: string, name: string, ret: bigint) =>
    ({ kind: 'bind', phase: 'end', task, name, ret }) as const;
  const names = new Set(['bind']);
  const lanes = (ret: bigint) =>
    lanesOf([event('a', 'bind', 0n), event('b', 'bind', ret)], ['a', 'b'], {
      names,
      points: new Set(),
      powered: new Set(),
    });
  expect(compareLanes(lanes(0n), lanes(-16n))).toEqual({
    compared: 2,
    equal: 1,
    first: { actor: 'b', model: 'bind end bind ret=-16', real: 'bind end bind ret=0' },
  });
  expect(compareLanes(lanes(0n), lanes(0n)).first).toBeNull();
});
