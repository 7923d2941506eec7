/**
 * Goal: functions come back with a scan of the bus, VFs that cannot be added are taken back, VFs
 * that are there at the start go, and vfio-pci keeps the VFs of its PF.
 * Method: small machines, one actor, and which driver each function has in the end.
 */
import { expect, test } from 'vitest';
import {
  type Action,
  boot,
  type DriverSpec,
  type FunctionSpec,
  oneAfterTheOther,
  run,
  type SriovSpec,
  World,
} from './index.js';

const DISK = '0000:42:00.0';
const PF = '0000:41:00.0';
const VF = ['0000:41:00.4', '0000:41:00.5'] as const;
const sriov: SriovSpec = {
  totalVfs: 2,
  offset: 4,
  stride: 1,
  vfDevice: 0x2343,
  autoprobe: true,
};
const gpu: FunctionSpec = {
  address: PF,
  ids: { vendor: 0x10de, device: 0x2342, subvendor: 1, subdevice: 1, class: 0x030200 },
  present: true,
  driver: 'nova_core',
  override: null,
  sriov,
};
const disk: FunctionSpec = {
  address: DISK,
  ids: { vendor: 0x1b36, device: 0x10, subvendor: 1, subdevice: 1, class: 0x010802 },
  present: true,
  driver: 'nvme',
  override: null,
  sriov: null,
};
const driver = (name: string, more: Partial<DriverSpec> = {}): DriverSpec => ({
  name,
  loaded: true,
  table: null,
  isAsync: false,
  sriov: null,
  answers: [],
  defersUntil: null,
  ...more,
});
const drivers = [driver('nova_core', { sriov: 'simple' }), driver('nvme'), driver('vfio-pci')];

const write = (attribute: string, text: string, address: string | null = null): Action => ({
  type: 'write',
  attribute,
  address,
  driver: null,
  text,
});

function outcome(functions: FunctionSpec[], actions: Action[], kernel = '6.12', list = drivers) {
  const operations = actions.map((action) => ({
    action,
    when: null,
    onError: 'continue' as const,
  }));
  const actors = [{ name: 'admin', operations }];
  const world = new World({ machine: { kernel, functions, drivers: list }, actors });
  return run(boot(world), oneAfterTheOther).drivers;
}

test('a function that was removed comes back with a scan, and is probed', () => {
  expect(outcome([disk], [write('remove', '1', DISK)])).toEqual({});
  const actions = [write('remove', '1', DISK), write('rescan', '1')];
  expect(outcome([disk], actions)).toEqual({ [DISK]: 'nvme' });
});

test('a scan does not find what was pulled out of its slot', () => {
  const actions: Action[] = [{ type: 'unplug', address: DISK }, write('rescan', '1')];
  expect(outcome([disk], actions)).toEqual({});
});

test.each([
  ['6.12', 'nvme'],
  ['6.17', null],
])('a kernel %s with drivers_autoprobe of the bus off gives a new function to %s', (kernel, owner) => {
  const plug: Action = { type: 'plug', addresses: [DISK] };
  const late = { ...disk, present: false, driver: null };
  const actions = [write('drivers_autoprobe', '0'), plug];
  expect(outcome([late], actions, kernel)).toEqual({ [DISK]: owner });
});

test('a VF that cannot be added makes the kernel remove those before it', () => {
  const pf = { ...gpu, sriov: { ...sriov, failsAt: 1 } };
  expect(outcome([pf], [write('sriov_numvfs', '2', PF)])).toEqual({ [PF]: 'nova_core' });
});

test('VFs that are there at the start go with a write of 0', () => {
  const vf = { present: true, driver: null, override: 'vfio-pci' };
  const pf = { ...gpu, sriov: { ...sriov, vfs: [vf, vf] } };
  expect(outcome([pf], [])).toEqual({ [PF]: 'nova_core', [VF[0]]: null, [VF[1]]: null });
  expect(outcome([pf], [write('sriov_numvfs', '0', PF)])).toEqual({ [PF]: 'nova_core' });
});

test('vfio-pci keeps the VFs of a PF that it has', () => {
  const pf = { ...gpu, driver: 'vfio-pci' };
  const list = [driver('nova_core'), driver('vfio-pci', { sriov: 'own' })];
  const actions = [write('sriov_numvfs', '1', PF)];
  expect(outcome([pf], actions, '6.12', list)).toEqual({ [PF]: 'vfio-pci', [VF[0]]: 'vfio-pci' });
});
