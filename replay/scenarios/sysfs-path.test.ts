/**
 * Goal: a scenario writes to an attribute by any path that people use, and finds what the kernel
 * finds there at that time.
 * Method: paths as shells have them, on one machine; the ends of all orders of steps where another
 * actor changes the driver.
 */
import { describe, expect, test } from 'vitest';
import { judge, traceOf } from '../../tests/cross-judge.js';
import { rowsOf } from '../../tests/rewrite.js';
import { exploreOrders } from '../explore/index.js';
import { boot, oneAfterTheOther, run, World } from '../kernel/index.js';
import type { OperationDocument, ScenarioDocument } from './document.js';
import { checkScenario, specOf } from './index.js';

const PF = '0000:41:00.0';
const VF = '0000:41:00.4';
const NIC = '0000:42:00.0';
const TWIN = '0000:42:00.1';

const machine: ScenarioDocument['machine'] = {
  functions: [
    {
      ...{ address: PF, vendor: '0x8086', device: '0x10fb', class: '0x020000', driver: 'ixgbe' },
      sriov: { totalVfs: 4, offset: 4, stride: 1, vfDevice: '0x10ed', vfs: [{}] },
    },
    {
      ...{ address: NIC, vendor: '0x8086', device: '0x10fb', class: '0x020000', driver: 'ixgbe' },
      ...{ group: 7, interface: 'enp66s0f0' },
    },
    { address: TWIN, vendor: '0x8086', device: '0x10fb', class: '0x020000', group: 7 },
  ],
  drivers: [{ name: 'ixgbe', sriov: 'own' }, { name: 'vfio-pci' }],
};

const scenario = (...actors: readonly (readonly OperationDocument[])[]): ScenarioDocument => ({
  ...{ scenario: 1, name: 'paths', title: 'paths', kernel: '6.12', machine },
  actors: actors.map((does, i) => ({ name: `actor${i + 1}`, does })),
  outcomes: [{}],
});

const write = (path: string, text: string): OperationDocument => ({ write: path, text });
const mistakes = (document: ScenarioDocument): string[] =>
  checkScenario(JSON.stringify(document), 'my.json').map(({ what }) => what);

/** How the operations of one actor end, done one after the other. */
function ended(...does: readonly OperationDocument[]) {
  const document = scenario(does);
  expect(mistakes(document)).toEqual([]);
  const { drivers, errors } = run(boot(new World(specOf(document))), oneAfterTheOther);
  return { drivers, errors: errors.actor1 ?? [] };
}

describe('a path of sysfs', () => {
  test.each([
    [`/sys/bus/pci/devices/${NIC}/driver/unbind`, NIC],
    [`/sys/class/net/enp66s0f0/device/driver/unbind`, NIC],
    [`/sys/devices/pci0000:40/0000:40:01.0/${NIC}/driver/unbind`, NIC],
    [`/sys/devices/pci0000:42/${NIC}/driver/unbind`, NIC],
    [`/sys/kernel/iommu_groups/7/devices/${NIC}/driver/unbind`, NIC],
    [`/sys/bus/pci/devices/${TWIN}/iommu_group/devices/${NIC}/driver/unbind`, NIC],
    [`/sys/bus/pci/drivers/ixgbe/${NIC}/driver/unbind`, NIC],
    [`/sys/bus/pci/devices/${VF}/physfn/driver/unbind`, PF],
  ])('a path leads to the driver of a function: %s', (path, address) => {
    expect(ended(write(path, address))).toMatchObject({
      drivers: { [address]: null },
      errors: [],
    });
  });

  test.each([
    [`/sys/bus/pci/devices/${PF}/virtfn0/driver_override`, VF],
    [`/sys/bus/pci/drivers/ixgbe/${NIC}/driver_override`, NIC],
    [`/sys/class/net/enp66s0f0/device/driver_override`, NIC],
    [`/sys/devices/pci0000:40/${VF}/driver_override`, VF],
  ])('a path leads to an attribute of a function: %s', (path, address) => {
    const free = write('/sys/bus/pci/drivers/ixgbe/unbind', address);
    const probe = write('/sys/bus/pci/drivers_probe', address);
    const { drivers } = ended(write(path, 'vfio-pci'), free, probe);
    expect(drivers[address]).toBe('vfio-pci');
  });

  test.each([
    ['has no driver', `/sys/bus/pci/devices/${TWIN}/driver/unbind`],
    ['has another driver', `/sys/bus/pci/drivers/vfio-pci/${NIC}/driver_override`],
    ['is not there', `/sys/bus/pci/devices/${PF}/virtfn1/driver_override`],
  ])('a path leads nowhere when the function %s', (_, path) => {
    expect(ended(write(path, NIC)).errors).toEqual(['ENOENT']);
  });

  test('a path leads over an interface only while its native driver has the function', () => {
    const device = '/sys/class/net/enp66s0f0/device';
    const steps = [
      write(`${device}/driver_override`, 'vfio-pci'),
      write(`${device}/driver/unbind`, NIC),
      write('/sys/bus/pci/drivers_probe', NIC),
      write(`${device}/driver/unbind`, NIC),
    ];
    expect(ended(...steps)).toMatchObject({ drivers: { [NIC]: 'vfio-pci' }, errors: ['ENOENT'] });
  });

  test.each([
    [`/sys/bus/pci/devices/${NIC}/virtfn0/driver_override`, 'no SR-IOV capability'],
    [`/sys/bus/pci/devices/${PF}/virtfn4/driver_override`, 'no more than 4 VFs'],
    [`/sys/bus/pci/devices/${NIC}/physfn/sriov_numvfs`, 'is no VF'],
    [`/sys/bus/pci/devices/${PF}/iommu_group/devices/${NIC}/remove`, 'not in the IOMMU group'],
    ['/sys/class/net/eth9/device/sriov_numvfs', 'no function has the "interface" eth9'],
    [`/sys/bus/pci/devices/${NIC}/drivr/unbind`, 'no such attribute'],
    ['/sys/bus/pci/drivers/nvidia/new_id', 'no driver of the machine'],
  ])('a path that cannot lead anywhere is a mistake: %s', (path, what) => {
    expect(mistakes(scenario([write(path, NIC)])).join()).toContain(what);
  });

  test('a path to a function that the machine does not have is a mistake', () => {
    const document = scenario([write('/sys/bus/pci/devices/0000:43:00.0/driver/unbind', NIC)]);
    const functions = machine.functions.slice(1);
    expect(mistakes({ ...document, machine: { ...machine, functions } })).toEqual([
      'the machine has no function 0000:43:00.0, and makes none',
    ]);
  });
});

/** An unbind by the function's link, and somebody who gives the function to vfio-pci. */
const TWO_BINDERS = scenario(
  [write(`/sys/bus/pci/devices/${NIC}/driver/unbind`, NIC)],
  [
    write(`/sys/bus/pci/devices/${NIC}/driver_override`, 'vfio-pci'),
    write('/sys/bus/pci/drivers/ixgbe/unbind', NIC),
    write('/sys/bus/pci/drivers/vfio-pci/bind', NIC),
  ],
);

test('a link to the driver leads to the one that the function has at the open', () => {
  const world = new World(specOf(TWO_BINDERS));
  const limits = { states: 50_000, exact: false, reduce: 'never', samples: 0 } as const;
  const { closed, outcomes } = exploreOrders(world, { ...limits, isBad: () => false });
  // It unbinds ixgbe, then vfio-pci if it is opened late; between the two it finds no link.
  expect(closed).toBe(true);
  expect(outcomes.map(({ outcome }) => outcome.drivers[NIC])).toEqual(
    expect.arrayContaining(['vfio-pci', null]),
  );
});

test('a write over a link is recorded with the driver that it led to', () => {
  const document = scenario([write(`/sys/bus/pci/devices/${NIC}/driver/unbind`, NIC)]);
  const trace = traceOf(specOf(document), 1);
  const written = rowsOf(trace).find(({ name, phase }) => name === 'unbind' && phase === 'begin');
  expect(written).toMatchObject({ device: NIC, driver: 'ixgbe' });
  expect(judge(trace)).toMatchObject({ diverged: 0, unknown: 0, unmodelled: 0 });
});
