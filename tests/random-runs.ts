/** Random machines and actors, for tests that hold for any run. */
import fc from 'fast-check';
import type {
  Action,
  ActorSpec,
  Answer,
  Condition,
  DriverSpec,
  FunctionSpec,
  OperationSpec,
  RunSpec,
  SriovSpec,
} from '../replay/kernel/index.js';

const PF = '0000:41:00.0';
const VFS = ['0000:41:00.4', '0000:41:00.5', '0000:41:00.6'];
const TWINS = ['0000:42:00.0', '0000:43:00.0'];
const LATE = '0000:44:00.0';

/** A GPU may have VFs when the run begins, and there may be one that cannot be added. */
const sriov: fc.Arbitrary<SriovSpec> = fc
  .tuple(fc.boolean(), fc.constantFrom(0, 0, 2), fc.constantFrom(null, null, 1))
  .map(([autoprobe, vfs, failsAt]) => ({
    totalVfs: 3,
    offset: 4,
    stride: 1,
    vfDevice: 0x2343,
    autoprobe,
    vfs: [
      { present: true, driver: 'nova_core', override: null },
      { present: true, driver: null, override: 'vfio-pci' },
    ].slice(0, vfs),
    ...(failsAt === null ? {} : { failsAt }),
  }));

/** One VF-capable GPU, two NVMe controllers of one id, and a third that is plugged in later. */
function functions(ofGpu: SriovSpec): FunctionSpec[] {
  const gpu = { vendor: 0x10de, device: 0x2342, subvendor: 0x10de, subdevice: 1, class: 0x030200 };
  const disk = {
    vendor: 0x1b36,
    device: 0x10,
    subvendor: 0x1af4,
    subdevice: 0x1100,
    class: 0x010802,
  };
  const plain = { override: null, sriov: null } as const;
  return [
    {
      address: PF,
      ids: gpu,
      present: true,
      driver: 'nova_core',
      override: null,
      sriov: ofGpu,
    },
    { address: TWINS[0], ids: disk, present: true, driver: 'nvme', ...plain },
    { address: TWINS[1], ids: disk, present: true, driver: null, ...plain },
    { address: LATE, ids: disk, present: false, driver: null, ...plain },
  ];
}

const answer = fc.constantFrom(0, 0, 0, -19, -12, -16, -517, 1);

const answers = (to: readonly string[]): fc.Arbitrary<Answer[]> =>
  fc.tuple(
    ...to.map((one) =>
      fc.array(answer, { minLength: 1, maxLength: 3 }).map((results) => ({ to: one, results })),
    ),
  );

const driver = (name: string, loaded: boolean, to: readonly string[]): fc.Arbitrary<DriverSpec> =>
  fc.record({
    name: fc.constant(name),
    loaded: fc.constant(loaded),
    table: fc.constant(null),
    isAsync: fc.constantFrom(false, false, true),
    sriov: fc.constant(name === 'nova_core' ? 'simple' : null),
    answers: answers(to),
    defersUntil: fc.constantFrom(null, null, null, TWINS[0]),
  });

const drivers: fc.Arbitrary<DriverSpec[]> = fc
  .tuple(
    driver('nova_core', true, ['vf']),
    driver('nouveau', true, ['pf', 'vf']),
    driver('nvme', true, ['pf']),
    driver('vfio-pci', true, ['none']),
    fc.constantFrom(true, false),
  )
  .map(([nova, nouveau, nvme, vfio, late]) => [
    { ...nova, defersUntil: null },
    { ...nouveau, loaded: !late },
    nvme,
    vfio,
  ]);

const somewhere = fc.constantFrom(...VFS, ...VFS, ...TWINS, PF, LATE);
const someDriver = fc.constantFrom('nova_core', 'nouveau', 'nvme', 'vfio-pci', 'vfio-pci');

const write = (
  attribute: string,
  address: string | null,
  driverName: string | null,
  text: string,
): Action => ({ type: 'write', attribute, address, driver: driverName, text });

/** A write of an attribute of power management. */
export const powerWrite = (of: fc.Arbitrary<string>): fc.Arbitrary<Action> =>
  fc
    .tuple(
      of,
      fc.constantFrom<readonly [string, string]>(
        ['power/control', 'on\n'],
        ['power/control', 'auto'],
        ['power/control', 'auto\n'],
        ['power/control', 'off'],
        ['d3cold_allowed', '0'],
        ['d3cold_allowed', 'x'],
      ),
    )
    .map(([at, [attribute, text]]) => write(attribute, at, null, text));

/** Shares of the kinds of operations; none of modules and slots where `calm`. */
const action = (calm: boolean): fc.Arbitrary<Action> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .constantFrom('0', '1', '2', '3', '4', 'x')
        .map((n) => write('sriov_numvfs', PF, null, `${n}\n`)),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('0', '1', 'q')
        .map((n) => write('sriov_drivers_autoprobe', PF, null, n)),
    },
    {
      weight: 5,
      arbitrary: fc
        .tuple(somewhere, fc.constantFrom('vfio-pci\n', '\n', 'nouveau', 'nobody'))
        .map(([at, text]) => write('driver_override', at, null, text)),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(someDriver, somewhere).map(([name, at]) => write('bind', null, name, at)),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(someDriver, somewhere)
        .map(([name, at]) => write('unbind', null, name, `${at}\n`)),
    },
    { weight: 4, arbitrary: somewhere.map((at) => write('drivers_probe', null, null, at)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom('new_id', 'remove_id'),
          someDriver,
          fc.constantFrom('1b36 0010', '10de 2343', '10de'),
        )
        .map(([name, by, text]) => write(name, null, by, text)),
    },
    { weight: calm ? 0 : 2, arbitrary: powerWrite(somewhere) },
    {
      weight: calm ? 0 : 1,
      arbitrary: fc
        .tuple(fc.constantFrom('load' as const, 'unload' as const), someDriver)
        .map(([type, name]) => ({ type, driver: name })),
    },
    {
      weight: calm ? 0 : 1,
      arbitrary: fc
        .subarray([LATE, TWINS[1]], { minLength: 1 })
        .map((addresses) => ({ type: 'plug' as const, addresses })),
    },
    {
      weight: calm ? 0 : 1,
      arbitrary: fc
        .constantFrom(LATE, TWINS[1])
        .map((address) => ({ type: 'unplug' as const, address })),
    },
    {
      weight: calm ? 0 : 1,
      arbitrary: fc.constant(write('rescan', null, null, '1')),
    },
    {
      weight: calm ? 0 : 1,
      arbitrary: fc.constantFrom(TWINS[1], VFS[0]).map((at) => write('remove', at, null, '1')),
    },
  );

const condition: fc.Arbitrary<Condition | null> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...VFS).map((address) => ({ type: 'exists' as const, address })),
  },
);

const operation = (calm: boolean): fc.Arbitrary<OperationSpec> =>
  fc.record({
    action: action(calm),
    when: condition,
    onError: fc.constantFrom('continue' as const, 'continue' as const, 'stop' as const),
  });

const actors = (calm: boolean): fc.Arbitrary<ActorSpec[]> =>
  fc
    .array(fc.array(operation(calm), { minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((lists) => lists.map((operations, i) => ({ name: `actor-${i}`, operations })));

/** @param calm without modules, slots and power management */
export const randomRun = (calm = false): fc.Arbitrary<RunSpec> =>
  fc
    .tuple(fc.constantFrom('6.1', '6.12', '6.18', '6.19', '7.1'), sriov, drivers, actors(calm))
    .map(([kernel, ofGpu, list, acting]) => ({
      machine: { kernel, functions: functions(ofGpu), drivers: list },
      actors: acting,
    }));

export const seed = fc.integer({ min: 0, max: 0xffff_ffff });
