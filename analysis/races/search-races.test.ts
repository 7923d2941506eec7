/**
 * Goal: from a run in which nothing went wrong, races are named that only another order shows; and
 * nothing is named where every order ends in the same way.
 * Method: scenarios run once on the model of the kernel; only the recording of the run is given.
 */
import { describe, expect, test } from 'vitest';
import {
  boot,
  oneAfterTheOther,
  RunReader,
  run,
  type ScenarioDocument,
  specOf,
  TraceRecorder,
  World,
} from '../../replay/index.js';
import { MemorySink, MemorySource, TraceReader, TraceWriter } from '../../traces/index.js';
import { type RaceReport, races } from './index.js';
import { SEARCH_LIMITS, searchRaces } from './search-races.js';

type Actor = ScenarioDocument['actors'][number];

const NIC = '0000:42:00.0';
const GPU = '0000:41:00.0';
const VF = '0000:41:00.4';
const sysfs = (attribute: string, text: string) => ({ write: `/sys/bus/pci/${attribute}`, text });
const override = (driver: string) => sysfs(`devices/${NIC}/driver_override`, `${driver}\n`);

type OneRun = Pick<ScenarioDocument, 'kernel' | 'machine' | 'actors'>;

/** The races of the recording of one run, in which each actor does all before the next one. */
function predicted(document: OneRun): RaceReport {
  const reader = recordingOf(document);
  const report = races(reader);
  reader.close();
  return report;
}

function recordingOf(document: OneRun): TraceReader {
  const scenario = { scenario: 1, name: 'one-run', title: 'one run', outcomes: [{}], ...document };
  const world = new World(specOf(scenario as ScenarioDocument));
  const sink = new MemorySink();
  const { kernel } = world.spec.machine;
  const writer = new TraceWriter(sink, { clock: 'mono', kernel, writer: 'test', notes: {} });
  run(boot(world, new TraceRecorder(world, writer.events)), oneAfterTheOther);
  writer.finish();
  return new TraceReader(new MemorySource(sink.bytes()));
}

const IXGBE = { vendor: '0x8086', device: '0x10fb' };
const NIC_FUNCTION = { address: NIC, ...IXGBE, class: '0x020000' };
const ixgbe = { name: 'ixgbe', sriov: 'none', ids: [IXGBE] } as const;
const vfio = { name: 'vfio-pci' };
const gpu = {
  functions: [
    {
      address: GPU,
      vendor: '0x10de',
      device: '0x2342',
      class: '0x030200',
      driver: 'nova_core',
      sriov: { totalVfs: 4, offset: 4, stride: 1, vfDevice: '0x2342' },
    },
  ],
  drivers: [{ name: 'nova_core', sriov: 'simple' as const }, vfio],
};

describe('races that the recorded run has won', () => {
  test('two modules that claim one function race for it as they are loaded', () => {
    const drivers = ['one', 'two'].map((name) => ({ ...ixgbe, name, loaded: false }));
    const actors: Actor[] = ['one', 'two'].map((name) => ({ name, does: [{ load: name }] }));
    const { races: found, searched } = predicted({
      kernel: '6.12',
      machine: { functions: [NIC_FUNCTION], drivers },
      actors,
    });
    expect(searched).toBe('all');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      class: 'R6',
      device: NIC,
      first: { what: 'modprobe one' },
      second: { what: 'modprobe two' },
      drivers: { recorded: 'one', other: 'two' },
      touched: { recorded: ['one'], other: ['two'] },
      deadlock: null,
      faults: [],
    });
    const [begin] = found[0].witness;
    expect(begin.seq).toBe(found[0].second.seq);
    expect(begin.what).toMatch(/^modprobe two/);
  });

  test('a deadlock is found although another race of the same actors is known already', () => {
    const actors: Actor[] = [
      {
        name: 'vmm',
        does: [
          { open: 'container', when: { actor: 'admin', did: 1 } },
          { open: 'group', of: NIC },
          { ioctl: 'VFIO_GROUP_SET_CONTAINER', on: 'group', files: ['container'] },
          { ioctl: 'VFIO_SET_IOMMU', on: 'container', with: 3 },
          { ioctl: 'VFIO_GROUP_GET_DEVICE_FD', on: 'group', device: NIC },
          sysfs('drivers/vfio-pci/bind', NIC),
          { exit: true },
        ],
      },
      {
        name: 'admin',
        does: [
          override('vfio-pci'),
          { ...sysfs('drivers/vfio-pci/unbind', NIC), when: { actor: 'vmm', did: 7 } },
        ],
      },
    ];
    const functions = [{ ...NIC_FUNCTION, driver: 'vfio-pci', override: 'vfio-pci' }];
    const machine = { functions, drivers: [vfio] };
    const reading = new RunReader(SEARCH_LIMITS);
    for (const batch of recordingOf({ kernel: '6.12', machine, actors }).read()) reading.add(batch);
    const recorded = reading.run('6.12');
    const classes = (known: RaceReport['races']) =>
      searchRaces(recorded, known).races.map((race) => race.class);
    const [known] = searchRaces(recorded, []).races.filter(({ deadlock }) => deadlock === null);
    expect(classes([])).toEqual(expect.arrayContaining([known.class, 'R17']));
    expect(classes([known])).toEqual(['R17']);
  });

  test('a native driver may bind a function of a group before a user has it', () => {
    const functions = [
      { ...NIC_FUNCTION, driver: 'vfio-pci', override: 'vfio-pci', group: 7 },
      { ...NIC_FUNCTION, address: '0000:42:00.1', group: 7 },
    ];
    const actors: Actor[] = [
      { name: 'admin', does: [sysfs('drivers_probe', '0000:42:00.1')] },
      {
        name: 'vmm',
        does: [
          { open: 'iommufd' },
          { open: 'cdev', of: NIC, as: 'device' },
          { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: {}, files: ['iommufd'] },
        ],
      },
    ] as Actor[];
    const machine = { functions, drivers: [ixgbe, vfio] };
    const { races: found } = predicted({ kernel: '6.12', machine, actors });
    expect(found.map(({ class: name, drivers }) => [name, drivers])).toEqual([
      ['R16', { recorded: 'ixgbe', other: null }],
    ]);
  });

  test('a driver that was never tried on VFs can take one before its override is set', () => {
    const actors: Actor[] = [
      { name: 'admin', does: [sysfs(`devices/${GPU}/sriov_numvfs`, '1\n')] },
      {
        name: 'udev',
        does: [
          { ...sysfs(`devices/${VF}/driver_override`, 'vfio-pci\n'), when: { exists: VF } },
          sysfs('drivers_probe', VF),
        ],
      },
    ];
    const { races: found } = predicted({ kernel: '6.12', machine: gpu, actors });
    expect(found.map((race) => race.drivers)).toEqual([
      { recorded: 'nova_core', other: 'vfio-pci' },
    ]);
  });

  test('a bug of the kernel that another order hits is a race without another driver', () => {
    const actors: Actor[] = [
      { name: 'writer', does: [override('vfio-pci'), override('pci-stub')] },
      { name: 'other', does: [sysfs('drivers/vfio-pci/new_id', '8086 10fb')] },
    ];
    const machine = { functions: [NIC_FUNCTION], drivers: [ixgbe, vfio] };
    const faults = (kernel: string) =>
      predicted({ kernel, machine, actors }).races.flatMap((race) => race.faults);
    expect(faults('6.12')).toContain('overrideUseAfterFree');
    expect(faults('7.1')).toEqual([]);
  });
});

describe('orders that end in the same way, or that could not have come', () => {
  test('a VF whose PF has sriov_drivers_autoprobe off goes to the driver of its override', () => {
    const actors: Actor[] = [
      {
        name: 'admin',
        does: [
          sysfs(`devices/${GPU}/sriov_drivers_autoprobe`, '0\n'),
          sysfs(`devices/${GPU}/sriov_numvfs`, '1\n'),
        ],
      },
      {
        name: 'udev',
        does: [
          { ...sysfs(`devices/${VF}/driver_override`, 'vfio-pci\n'), when: { exists: VF } },
          sysfs('drivers_probe', VF),
        ],
      },
    ];
    const found = predicted({ kernel: '6.12', machine: gpu, actors });
    expect(found).toMatchObject({ races: [], searched: 'all' });
  });

  test('an actor that begins after a user of VFIO has ended may have waited for that', () => {
    const functions = [
      { ...NIC_FUNCTION, driver: 'vfio-pci', override: 'vfio-pci', group: 7 },
      { ...NIC_FUNCTION, address: '0000:42:00.1', group: 7 },
    ];
    const actors = [
      {
        name: 'vmm',
        does: [
          { open: 'iommufd' },
          { open: 'cdev', of: NIC, as: 'device' },
          { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: {}, files: ['iommufd'] },
          { exit: true },
        ],
      },
      { name: 'admin', does: [sysfs('drivers_probe', '0000:42:00.1')] },
    ] as Actor[];
    const machine = { functions, drivers: [ixgbe, vfio] };
    expect(predicted({ kernel: '6.12', machine, actors }).races).toEqual([]);
  });

  test('a recording with 66 operations is reported as not searched', () => {
    const does = Array.from({ length: 33 }, () => override('vfio-pci'));
    const actors: Actor[] = ['one', 'two'].map((name) => ({ name, does }));
    const machine = { functions: [NIC_FUNCTION], drivers: [vfio] };
    expect(predicted({ kernel: '6.12', machine, actors }).searched).toBe('tooLong');
  });
});
