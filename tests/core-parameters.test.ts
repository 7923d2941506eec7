/**
 * Goal: parameters that the module of vfio-pci hands to vfio-pci-core count for every driver that is
 * built on the core.
 * Method: a device of a variant, with and without vfio-pci in the machine; the judge agrees with
 * each run.
 */
import { expect, test } from 'vitest';
import { boot, oneAfterTheOther, run, World } from '../replay/kernel/index.js';
import { checkScenario, type ScenarioDocument, specOf } from '../replay/scenarios/index.js';
import { onDevice, openDeviceOf } from '../replay/scenarios/vfio-parts.js';
import { judge, traceOf } from './cross-judge.js';

const GPU = '0000:41:00.0';
const VARIANT = 'xe-vfio-pci';

const machineOf = (parameters: Readonly<Record<string, boolean>>, loaded: boolean) => ({
  runtimePm: true,
  functions: [
    {
      ...{ address: GPU, vendor: '0x8086', device: '0x56c0', class: '0x030000' },
      ...{ driver: VARIANT, override: VARIANT },
    },
  ],
  drivers: [{ name: VARIANT }, { name: 'vfio-pci', loaded, parameters }],
});

function endOf(parameters: Readonly<Record<string, boolean>>, loaded = true) {
  const document: ScenarioDocument = {
    ...{ scenario: 1, name: 'core-parameters', title: 'of the core', kernel: '6.19' },
    machine: machineOf(parameters, loaded),
    actors: [
      {
        name: 'user',
        does: [
          { read: 'power_state', of: GPU, as: 'idle' },
          ...openDeviceOf(GPU),
          onDevice.info(8),
        ],
      },
    ],
    outcomes: [{}],
  };
  expect(checkScenario(JSON.stringify(document), 'my.json')).toEqual([]);
  const spec = specOf(document);
  expect(judge(traceOf(spec, 1))).toMatchObject({ diverged: 0, unmodelled: 0 });
  const { variables, errors } = run(boot(new World(spec)), oneAfterTheOther);
  return { idle: variables.idle, errors: errors.user };
}

test('vfio-pci/core-parameters: without any a device of a variant sleeps, and has a VGA region', () => {
  expect(endOf({})).toEqual({ idle: 'D3hot', errors: [] });
});

test('vfio-pci/core-parameters: those of vfio-pci count for a device of a variant', () => {
  const ends = endOf({ disable_idle_d3: true, disable_vga: true });
  expect(ends).toEqual({ idle: 'D0', errors: ['EINVAL'] });
});

test('vfio-pci/core-parameters: those of a vfio-pci that nobody loads count for nothing', () => {
  const ends = endOf({ disable_idle_d3: true, disable_vga: true }, false);
  expect(ends).toEqual({ idle: 'D3hot', errors: [] });
});

test('a parameter of the core is refused at a variant, with the module that takes it', () => {
  const machine = machineOf({}, true);
  const drivers = [{ name: VARIANT, parameters: { disable_vga: true } }];
  const document = {
    ...{ scenario: 1, name: 'wrong', title: 'wrong', kernel: '6.19' },
    ...{ machine: { ...machine, drivers }, actors: [], outcomes: [{}] },
  };
  expect(checkScenario(JSON.stringify(document), 'my.json').map(({ what }) => what)).toEqual([
    'it is a parameter of the module of vfio-pci',
  ]);
});
