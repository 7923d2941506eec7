/**
 * Goal: native drivers claim the functions that a kernel's modules say they claim, and answer what
 * a scenario says.
 * Method: the aliases of the modules of Debian's kernel 6.12.95, which the build of the kernel made
 * of the tables of ids; small machines on the kernel that runs.
 */
import { expect, test } from 'vitest';
import { testData } from '../../../tests/test-data.js';
import { boot, oneAfterTheOther, run, World } from '../../kernel/index.js';
import { type ScenarioDocument, specOf } from '../../scenarios/index.js';
import type { IdMatch } from '../binding/pci-ids.js';
import { driverModel } from './index.js';

const ALIAS = /^alias pci:v(\S+)d(\S+)sv(\S+)sd(\S+)bc(\S+)sc(\S+)i(\S+) (\S+)$/;
const lines = testData('modules/pci-aliases-6.12.95.txt').toString().trim().split('\n');

/** Vendor, device, base class and subclass of each alias of a module. */
function aliasesOf(module: string): string[] {
  const found = lines.flatMap((line) => {
    const [, vendor, device, , , base, sub, , name] = ALIAS.exec(line) ?? [];
    return name === module ? [`${vendor.slice(-4)} ${device.slice(-4)} ${base} ${sub}`] : [];
  });
  return [...new Set(found)].sort();
}

const hex = (n: number | null, digits: number) =>
  n === null ? '*' : n.toString(16).toUpperCase().padStart(digits, '0');

function aliasOf({ vendor, device, class: code, classMask }: IdMatch): string {
  const base = (classMask & 0xff0000) === 0 ? '*' : hex(code >> 16, 2);
  const sub = (classMask & 0xff00) === 0 ? '*' : hex((code >> 8) & 0xff, 2);
  return `${hex(vendor, 4)} ${hex(device, 4)} ${base} ${sub}`;
}

test.each([
  ['igb', 'igb/ids'],
  ['igbvf', 'igbvf/ids'],
  ['ixgbe', 'ixgbe/ids'],
  ['ixgbevf', 'ixgbevf/ids'],
  ['iavf', 'iavf/ids'],
  ['ice', 'ice/ids'],
  ['mlx5_core', 'mlx5-core/ids'],
  ['e1000e', 'e1000e/ids'],
  ['xe', 'xe-native/ids'],
  ['nouveau', 'nouveau/ids'],
])('the table of %s is that of its module (%s)', (name) => {
  const table = driverModel(name).table ?? [];
  expect([...new Set(table.map(aliasOf))].sort()).toEqual(aliasesOf(name));
});

const ADDRESS = '0000:42:00.0';
const probe = `/sys/bus/pci/drivers_probe`;
const idOf = (n: number | null | undefined) => `0x${hex(n ?? 0x1000, 4).toLowerCase()}`;

/** What a function of the driver's first id ends with, when its probe returns something. */
function boundTo(name: string, result: string | number, next: string[] = []): string | null {
  const [entry] = driverModel(name).table ?? [];
  const document: ScenarioDocument = {
    scenario: 1,
    name: 'a-native-driver',
    title: 'a native driver answers',
    kernel: '6.12',
    machine: {
      functions: [
        {
          address: ADDRESS,
          vendor: idOf(entry.vendor),
          device: idOf(entry.device),
          class: `0x${(entry.class === 0 ? 0x020000 : entry.class).toString(16).padStart(6, '0')}`,
        },
      ],
      drivers: [{ name, probe: { pf: result } }, ...next.map((other) => ({ name: other }))],
    },
    actors: [{ name: 'admin', does: [{ write: probe, text: ADDRESS }] }],
    outcomes: [{}],
  };
  return run(boot(new World(specOf(document))), oneAfterTheOther).drivers[ADDRESS];
}

test.each([
  ['igb', 'igb/answers'],
  ['igbvf', 'igbvf/answers'],
  ['ixgbe', 'ixgbe/answers'],
  ['ixgbevf', 'ixgbevf/answers'],
  ['iavf', 'iavf/answers'],
  ['ice', 'ice/answers'],
  ['mlx5_core', 'mlx5-core/answers'],
  ['e1000e', 'e1000e/answers'],
  ['xe', 'xe-native/answers'],
])('%s has a function, or not, as the scenario says of its probe (%s)', (name) => {
  expect([boundTo(name, 0), boundTo(name, 'EIO')]).toEqual([name, null]);
});

test('xe/ids: the variant is of three platforms, of which 6.12 has the first chips alone', () => {
  const { table, overrideOnly } = driverModel('xe-vfio-pci');
  const devices = (table ?? []).map(({ device }) => hex(device, 4));
  expect([overrideOnly, devices.length]).toEqual([true, 27]);
  expect(devices).toEqual(expect.arrayContaining(['B080', 'B0B0', 'FD81', 'E223']));
  const first = aliasesOf('xe').map((alias) => alias.slice(5, 9));
  expect(first.filter((id) => devices.includes(id))).toHaveLength(5);
});

test('nouveau/chipset: nobody has a chip that it does not know', () => {
  expect(boundTo('nouveau', 'ENODEV')).toBeNull();
});

test('nouveau/defer: a probe that is put off leaves the function without a driver', () => {
  expect(boundTo('nouveau', 'EPROBE_DEFER')).toBeNull();
});

test('nova-core/gsp: nouveau is next when firmware or the GSP fails the probe', () => {
  expect(boundTo('nova_core', 'ENOENT', ['nouveau'])).toBe('nouveau');
  expect(boundTo('nova_core', 'ETIMEDOUT', ['nouveau'])).toBe('nouveau');
});
