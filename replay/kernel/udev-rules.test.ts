/**
 * Goal: udev handles the uevents of a device one after the other, by the rules that match them, and
 * files in /dev can be opened by those users that they are for.
 * Method: small machines, run one thread after the other or by every schedule of some.
 */
import { expect, test } from 'vitest';
import {
  type Action,
  boot,
  type OperationSpec,
  oneAfterTheOther,
  type RunSpec,
  randomly,
  run,
  type UdevRule,
  type User,
  World,
} from './index.js';

const NIC = '0000:42:00.0';
const OTHER = '0000:43:00.0';
const QEMU = 107;
const KVM = 36;

const operation = (action: Action, more: Partial<OperationSpec> = {}): OperationSpec => ({
  action,
  when: null,
  onError: 'continue',
  ...more,
});
const write = (attribute: string, address: string | null, text: string, driver = null) =>
  operation({ type: 'write', attribute, address, driver, text });
const set = (variable: string, text: string | null) => operation({ type: 'set', variable, text });
const open = (file: 'group' | 'cdev' | 'container' | 'iommufd'): OperationSpec => {
  const address = file === 'group' || file === 'cdev' ? NIC : null;
  return operation({ type: 'open', file, address, as: file });
};
const settle = operation({ type: 'settle' });
const toVfio = [write('driver_override', NIC, 'vfio-pci'), write('drivers_probe', null, NIC)];
const rule = (match: UdevRule['match'], more: Partial<UdevRule> = {}): UdevRule => ({
  match,
  node: {},
  runs: [],
  ...more,
});

interface Task {
  readonly name: string;
  readonly user?: User;
  readonly operations: readonly OperationSpec[];
}

const fn = (address: string, driver: string | null = null) => ({
  address,
  ids: { vendor: 0x8086, device: 0x10fb, subvendor: 0x8086, subdevice: 1, class: 0x020000 },
  present: true,
  driver,
  override: null,
  sriov: null,
});
const driver = (name: string, loaded = true) => ({
  name,
  loaded,
  table: name === 'ixgbe' ? [IXGBE] : null,
  isAsync: false,
  sriov: null,
  answers: [],
  defersUntil: null,
});
const ANY = { subvendor: null, subdevice: null, class: 0, classMask: 0 };
const IXGBE = { vendor: 0x8086, device: 0x10fb, ...ANY };

function machine(rules: readonly UdevRule[], actors: readonly Task[], kernel = '6.12'): RunSpec {
  const functions = [fn(NIC), fn(OTHER)];
  const drivers = [driver('vfio-pci'), driver('ixgbe', false)];
  return { machine: { kernel, functions, drivers, udev: { rules } }, actors };
}

const outcomeOf = (spec: RunSpec) => run(boot(new World(spec)), oneAfterTheOther);
/** Outcomes by many schedules. */
const outcomesOf = (spec: RunSpec) => {
  const world = new World(spec);
  return Array.from({ length: 200 }, (_, seed) => run(boot(world), randomly(seed)));
};

const user = (uid: number, ...gids: number[]): User => ({ uid, gids });
const errorsOf = (rules: readonly UdevRule[], who: User, ...files: OperationSpec[]) => {
  const admin = { name: 'admin', operations: [...toVfio, settle] };
  const when = { type: 'done', actor: 'admin', operations: 3 } as const;
  const task = { name: 'user', user: who, operations: files.map((one) => ({ ...one, when })) };
  return outcomeOf(machine(rules, [admin, task])).errors.user;
};

test.each([
  ['root', user(0), {}, []],
  ['nobody else', user(QEMU), {}, ['EACCES']],
  ['its owner', user(QEMU), { owner: QEMU }, []],
  [
    'its owner only by the bits of owners',
    user(QEMU, KVM),
    { owner: QEMU, mode: 0o060 },
    ['EACCES'],
  ],
  ['its group', user(QEMU, KVM), { group: KVM, mode: 0o660 }, []],
  ['no other group', user(QEMU, 1), { group: KVM, mode: 0o660 }, ['EACCES']],
  ['its group not to read alone', user(QEMU, KVM), { group: KVM, mode: 0o640 }, ['EACCES']],
  ['all', user(QEMU), { mode: 0o666 }, []],
] as const)('the file of a group can be opened by %s', (_, who, node, errors) => {
  expect(errorsOf([rule({ subsystem: 'vfio' }, { node })], who, open('group'))).toEqual(errors);
});

test('a rule about groups does not change the file of a device', () => {
  const rules = [rule({ subsystem: 'vfio' }, { node: { owner: QEMU } })];
  expect(errorsOf(rules, user(QEMU), open('cdev'), open('group'))).toEqual(['EACCES']);
});

test('the container is for all, and /dev/iommu for the group that a rule gives it to', () => {
  const rules = [rule({ subsystem: 'misc', kernel: 'iommu' }, { node: { group: KVM } })];
  expect(errorsOf([], user(QEMU), open('container'), open('iommufd'))).toEqual(['EACCES']);
  expect(errorsOf(rules, user(QEMU, KVM), open('container'), open('iommufd'))).toEqual([]);
});

test('the last rule that matches decides', () => {
  const rules = [QEMU, 1].map((owner) => rule({ subsystem: 'vfio' }, { node: { owner } }));
  expect(errorsOf(rules, user(QEMU), open('group'))).toEqual(['EACCES']);
  expect(errorsOf(rules.toReversed(), user(QEMU), open('group'))).toEqual([]);
});

test('what was there before the run has its owner already', () => {
  const rules = [rule({ action: 'add', subsystem: 'vfio' }, { node: { owner: QEMU } })];
  const task = { name: 'user', user: user(QEMU), operations: [open('group')] };
  const spec = machine(rules, [task]);
  const functions = [fn(NIC, 'vfio-pci')];
  expect(outcomeOf({ ...spec, machine: { ...spec.machine, functions } }).errors.user).toEqual([]);
});

test('a file is gone with its device, and comes back without its owner', () => {
  const rules = [rule({ action: 'remove' })];
  const unbind = operation({
    type: 'write',
    attribute: 'unbind',
    address: null,
    driver: 'vfio-pci',
    text: NIC,
  });
  const chown = operation({ type: 'chown', file: 'group', address: NIC, node: { owner: QEMU } });
  const probe = write('drivers_probe', null, NIC);
  const admin = {
    name: 'admin',
    operations: [...toVfio, chown, unbind, chown, open('group'), probe],
  };
  const when = { type: 'done', actor: 'admin', operations: 7 } as const;
  const task = { name: 'user', user: user(QEMU), operations: [{ ...open('group'), when }] };
  const { errors } = outcomeOf(machine(rules, [admin, task]));
  expect(errors).toEqual({ admin: ['ENOENT', 'ENOENT'], user: ['EACCES'] });
});

test('the owner of a file is changed by root alone', () => {
  const chown = operation({ type: 'chown', file: 'group', address: NIC, node: { owner: QEMU } });
  expect(errorsOf([], user(QEMU), chown)).toEqual(['EPERM']);
});

test('uevents of a device are handled in their order, whatever the schedule', () => {
  const rules = [
    rule({ action: 'bind', driver: 'vfio-pci' }, { runs: [set('last', 'bound')] }),
    rule({ action: 'unbind' }, { runs: [set('last', 'unbound')] }),
  ];
  const unbind: Action = {
    type: 'write',
    attribute: 'unbind',
    address: null,
    driver: 'vfio-pci',
    text: NIC,
  };
  const spec = machine(rules, [{ name: 'admin', operations: [...toVfio, operation(unbind)] }]);
  expect(new Set(outcomesOf(spec).map(({ variables }) => variables.last))).toEqual(
    new Set(['unbound']),
  );
});

test('uevents of two devices are handled in any order', () => {
  const runs = [set('last', '$kernel')];
  const rules = [rule({ action: 'bind' }, { runs })];
  const both = [NIC, OTHER].flatMap((address) => [
    write('driver_override', address, 'vfio-pci'),
    write('drivers_probe', null, address),
  ]);
  const spec = machine(rules, [{ name: 'admin', operations: both }]);
  expect(new Set(outcomesOf(spec).map(({ variables }) => variables.last))).toEqual(
    new Set([NIC, OTHER]),
  );
});

test('settle waits for all that rules run, and not without udev', () => {
  const rules = [rule({ action: 'bind' }, { runs: [set('ran', 'yes')] })];
  const seen = { ...set('seen', 'yes'), only: conditionOfRan };
  const spec = machine(rules, [{ name: 'admin', operations: [...toVfio, settle, seen] }]);
  for (const { variables } of outcomesOf(spec)) expect(variables.seen).toBe('yes');
  const { udev: _, ...without } = spec.machine;
  expect(outcomeOf({ ...spec, machine: without })).toMatchObject({ notDone: {}, deadlock: null });
});
const conditionOfRan = { type: 'variable', variable: 'ran', text: 'yes' } as const;

test('an error ends the programs of its rule, and no others', () => {
  const fails = { ...write('driver_override', '0000:44:00.0', 'x'), onError: 'stop' } as const;
  const rules = [
    rule({ action: 'bind' }, { runs: [set('a', 'yes'), fails, set('b', 'yes')] }),
    rule({ action: 'bind' }, { runs: [set('c', 'yes')] }),
  ];
  const { variables } = outcomeOf(machine(rules, [{ name: 'admin', operations: toVfio }]));
  expect(variables).toEqual({ a: 'yes', b: null, c: 'yes' });
});

test('a rule loads the modules that claim the function, and no others', () => {
  const kmod = operation({ type: 'kmod_load', address: '$kernel' });
  const rules = [rule({ action: 'unbind', vendor: 0x8086 }, { runs: [kmod] })];
  const spec = machine(rules, [{ name: 'admin', operations: [] }]);
  const functions = [fn(NIC, 'vfio-pci'), fn(OTHER)];
  const drivers = [...spec.machine.drivers, driver('nvme', false)];
  const unbind: Action = {
    type: 'write',
    attribute: 'unbind',
    address: null,
    driver: 'vfio-pci',
    text: NIC,
  };
  const actors = [{ name: 'admin', operations: [operation(unbind)] }];
  const outcome = outcomeOf({ machine: { ...spec.machine, functions, drivers }, actors });
  expect(outcome.drivers).toEqual({ [NIC]: 'ixgbe', [OTHER]: 'ixgbe' });
});

test('a program that settles within a rule waits for its own thread', () => {
  const rules = [rule({ action: 'bind' }, { runs: [settle] })];
  const { deadlock } = outcomeOf(machine(rules, [{ name: 'admin', operations: toVfio }]));
  expect(deadlock?.cycle.map(({ name }) => name)).toEqual([`udev of ${NIC}`]);
});

test('uevents that no rule matches are not kept, and a machine without udev has no cells for them', () => {
  const spec = machine([], [{ name: 'admin', operations: toVfio }]);
  const { udev: _, ...without } = spec.machine;
  const plain = boot(new World({ ...spec, machine: without }));
  expect(plain.udev).toBeNull();
  expect(boot(new World(spec)).threads).toBe(plain.threads);
});
