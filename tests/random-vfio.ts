/** Random users of VFIO, among who binds and unbinds, for tests that hold for any run. */
import fc from 'fast-check';
import type {
  ActorSpec,
  DriverSpec,
  FunctionSpec,
  MachineSpec,
  OperationSpec,
  RunSpec,
} from '../replay/kernel/index.js';
import { userActionOf } from '../replay/scenarios/user-spec.js';
import { iommufdCall, openMore, wayByCdev } from './random-iommufd.js';
import { powerWrite } from './random-runs.js';

/** Two functions of one bus and of one group, and one that is alone. */
const ONE = '0000:51:00.0';
const OTHER = '0000:51:00.1';
const ALONE = '0000:52:00.0';
const FUNCTIONS = [ONE, OTHER, ALONE];
const address = fc.constantFrom(ONE, OTHER, ALONE, ALONE);
const vfioAddress = fc.constantFrom(ONE, ONE, ALONE, ALONE, OTHER);

const ids = {
  vendor: 0x1b36,
  device: 0x10,
  subvendor: 0x1af4,
  subdevice: 0x1100,
  class: 0x010802,
};

const functions: fc.Arbitrary<FunctionSpec[]> = fc
  .tuple(fc.boolean(), fc.boolean(), fc.constantFrom(0, 0, 0, -25))
  .map(([express, grouped, reset]) =>
    FUNCTIONS.map((at, i) => ({
      address: at,
      ids,
      present: true,
      driver: null,
      override: null,
      sriov: null,
      group: i === 2 ? 9 : grouped ? 8 : 8 + 2 * i,
      hardware: { bars: [0x4000, 0, 0x1000], pin: i > 0, msi: 2, msix: 4, express, reset },
    })),
  );

const driver = (name: string): DriverSpec => ({
  name,
  loaded: true,
  table: null,
  isAsync: false,
  sriov: null,
  answers: [],
  defersUntil: null,
});

/** Operations in the form of scenarios. */
type Operation = Parameters<typeof userActionOf>[0];

const user = (operation: Operation): OperationSpec => ({
  action: userActionOf(operation),
  when: null,
  onError: 'continue',
});
const write = (attribute: string, by: string, text: string): OperationSpec => ({
  action: { type: 'write', attribute, address: null, driver: by, text },
  when: null,
  onError: 'continue',
});

/** The way to a device, of which a run may leave out steps. */
const way = (at: string): Operation[] => [
  { open: 'container' },
  { open: 'group', of: at },
  { ioctl: 'VFIO_GROUP_SET_CONTAINER', on: 'group', files: ['container'] },
  { ioctl: 'VFIO_SET_IOMMU', on: 'container', with: 3 },
  { ioctl: 'VFIO_GROUP_GET_DEVICE_FD', on: 'group', device: at },
];

const iova = fc.constantFrom(0x1000, 0x2000, 0x10_0000, 0xfee0_0000, 0x123);
const size = fc.constantFrom(0x1000, 0x3000, 0);
const dmaCall: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(iova, size, fc.constantFrom(0, 1, 3)).map(([at, bytes, flags]) => ({
    ioctl: 'VFIO_IOMMU_MAP_DMA',
    on: 'container',
    with: { flags, vaddr: '0x7f0000000000', iova: at, size: bytes },
  })),
  fc.tuple(iova, size).map(([at, bytes]) => ({
    ioctl: 'VFIO_IOMMU_UNMAP_DMA',
    on: 'container',
    with: { iova: at, size: bytes },
  })),
);

const access: fc.Arbitrary<Operation> = fc
  .tuple(
    fc.constantFrom(7, 7, 7, 0, 1, 2, 6, 8, 40),
    fc.constantFrom(0, 4, 4, 6, 0x10, 0x3c, 0x40, 0x44, 0x52, 0x70, 0x88, 0xfe, 0x3fff),
    fc.constantFrom(1, 2, 2, 4),
    fc.constantFrom(0, 2, 6, 0x406, 0x8000, 3, 0xffff_ffff),
    fc.boolean(),
  )
  .map(([region, offset, count, value, writes]) =>
    writes
      ? {
          pwrite: 'device',
          region,
          offset,
          count,
          value: count === 4 ? value : value % 2 ** (8 * count),
        }
      : { pread: 'device', region, offset, count },
  );

const irqs: fc.Arbitrary<Operation> = fc
  .tuple(
    fc.constantFrom(0x24, 0x24, 0x21, 0x22, 0x11, 0x09, 0x3f),
    fc.integer({ min: 0, max: 5 }),
    fc.constantFrom(0, 0, 1, 2),
    fc.constantFrom(0, 1, 1, 2, 4),
  )
  .map(([flags, index, start, count]) => ({
    ioctl: 'VFIO_DEVICE_SET_IRQS',
    on: 'device',
    with: { flags, index, start, count },
    files: Array.from({ length: flags === 0x24 ? count : 0 }, () => 'event'),
  }));

const info: fc.Arbitrary<Operation> = fc
  .tuple(
    fc.constantFrom(
      'VFIO_DEVICE_GET_INFO',
      'VFIO_DEVICE_GET_REGION_INFO',
      'VFIO_DEVICE_GET_IRQ_INFO',
      'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO',
    ),
    fc.constantFrom(undefined, 8, 64),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([ioctl, argsz, index]) => {
    const members = ioctl.endsWith('GET_INFO') || ioctl.includes('RESET') ? {} : { index };
    return { ioctl, on: 'device', with: argsz === undefined ? members : { argsz, ...members } };
  });

const feature: fc.Arbitrary<Operation> = fc
  .constantFrom(0x20003, 0x20003, 0x20005, 0x60003, 0x10001, 0x20000, 0x30003)
  .map((flags) => ({ ioctl: 'VFIO_DEVICE_FEATURE', on: 'device', with: { flags } }));

const others: fc.Arbitrary<Operation> = fc.oneof(
  fc.constantFrom<Operation>(
    { ioctl: 'VFIO_GET_API_VERSION', on: 'container' },
    { ioctl: 'VFIO_IOMMU_GET_INFO', on: 'container', with: {} },
    { ioctl: 'VFIO_SET_IOMMU', on: 'container', with: 9 },
    { ioctl: 'VFIO_GROUP_GET_STATUS', on: 'group', with: {} },
    { ioctl: 'VFIO_GROUP_UNSET_CONTAINER', on: 'group' },
    { ioctl: 'VFIO_DEVICE_RESET', on: 'device' },
    { ioctl: 'VFIO_DEVICE_PCI_HOT_RESET', on: 'device', with: { count: 1 }, files: ['group'] },
    { open: 'eventfd', as: 'event' },
    { munmap: 'bar' },
    { exit: true },
  ),
  fc.constantFrom('container', 'group', 'device').map((close) => ({ close })),
  fc
    .integer({ min: 0, max: 10 })
    .map((extension) => ({ ioctl: 'VFIO_CHECK_EXTENSION', on: 'container', with: extension })),
  fc
    .tuple(fc.integer({ min: 0, max: 7 }), fc.constantFrom(0, 0x1000), fc.constantFrom(0x1000, 8))
    .map(([region, offset, length]) => ({ mmap: 'device', region, offset, length, as: 'bar' })),
  fc.constantFrom(0, 8, 0x1000).map((offset) => ({ touch: 'bar', offset })),
  fc
    .tuple(vfioAddress, fc.integer({ min: 0, max: 2 }))
    .map(([interrupt, index]) => ({ interrupt, index })),
  fc.tuple(vfioAddress, iova, fc.boolean()).map(([dma, at, writes]) => ({ dma, iova: at, writes })),
);

const anything = fc.oneof(
  { weight: 3, arbitrary: dmaCall },
  { weight: 4, arbitrary: access },
  { weight: 2, arbitrary: irqs },
  { weight: 2, arbitrary: info },
  { weight: 1, arbitrary: feature },
  { weight: 4, arbitrary: others },
);

/** Somebody opens a device, as a rule wholly, does something with it, and may end. */
const clientOf = (
  steps: (at: string) => Operation[],
  does: fc.Arbitrary<Operation>,
): fc.Arbitrary<OperationSpec[]> =>
  fc
    .tuple(
      vfioAddress,
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 5, maxLength: 5 }),
      fc.array(does, { maxLength: 10 }),
      fc.boolean(),
    )
    .map(([at, kept, more, ends]) => [
      ...steps(at)
        .filter((_, i) => kept[i] > 0)
        .map(user),
      ...more.map(user),
      ...(ends ? [user({ exit: true })] : []),
    ]);

const client = clientOf(way, anything);
const cdevClient = clientOf(
  wayByCdev,
  fc.oneof(
    { weight: 5, arbitrary: iommufdCall },
    { weight: 4, arbitrary: anything },
    { weight: 1, arbitrary: openMore(vfioAddress) },
  ),
);
/** By which door users come to devices. */
const DOORS = { group: client, cdev: cdevClient, both: fc.oneof(client, cdevClient, cdevClient) };

const admin: fc.Arbitrary<OperationSpec[]> = fc.array(
  fc.oneof(
    address.map((at) => write('bind', 'vfio-pci', at)),
    address.map((at) => write('unbind', 'vfio-pci', at)),
    address.map((at) => write('bind', 'nvme', at)),
    address.map((at) => write('unbind', 'nvme', at)),
    powerWrite(address).map(
      (action): OperationSpec => ({ action, when: null, onError: 'continue' }),
    ),
  ),
  { maxLength: 5 },
);

/** Devices are given to VFIO first; clients wait until that is done. */
const setup = [write('new_id', 'vfio-pci', '1b36 0010')];
const afterSetup = (operations: OperationSpec[]): OperationSpec[] =>
  operations.map((one, i) =>
    i > 0 ? one : { ...one, when: { type: 'done', actor: 'setup', operations: 1 } },
  );

export const randomVfioRun = (
  busy = true,
  doors: keyof typeof DOORS = 'both',
): fc.Arbitrary<RunSpec> =>
  fc
    .tuple(
      fc.constantFrom('6.1', '6.6', '6.12', '6.19', '7.3'),
      functions,
      fc.array(DOORS[doors], { minLength: 1, maxLength: 2 }),
      busy ? admin : fc.constant<OperationSpec[]>([]),
      fc.constantFrom<Partial<MachineSpec>>({}, {}, { runtimePm: true }),
      fc.constantFrom<Partial<DriverSpec>>({}, {}, { parameters: { disable_idle_d3: true } }),
    )
    .map(([kernel, list, clients, other, power, parameters]) => {
      const acting: ActorSpec[] = [
        { name: 'setup', operations: setup },
        ...clients.map((operations, i) => ({
          name: `client-${i}`,
          operations: afterSetup(operations),
        })),
        { name: 'admin', operations: afterSetup(other) },
      ];
      return {
        machine: {
          kernel,
          ...power,
          functions: list,
          drivers: [
            driver('nvme'),
            { ...driver('vfio-pci'), ...(power.runtimePm ? parameters : {}) },
          ],
        },
        actors: acting.filter(({ operations }) => operations.length > 0),
      };
    });
