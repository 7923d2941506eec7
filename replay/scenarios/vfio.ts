/**
 * Users of VFIO: which of them may have a device, how they wait for each other, and what they see
 * of it.
 */
import type {
  DriverDocument,
  FunctionDocument,
  OperationDocument,
  ScenarioDocument,
} from './document.js';
import { after, bind, ixgbe, NIC, nics, override, TWIN, unbind, vfioPci } from './parts.js';

const scenario = 1;

const toVfio = { driver: 'vfio-pci', override: 'vfio-pci' } as const;
const nic: FunctionDocument = { ...nics[0], ...toVfio };
/** Two functions of one IOMMU group. */
const shared: readonly FunctionDocument[] = [
  { ...nic, group: 7 },
  { ...nics[1], group: 7 },
];
const drivers: readonly DriverDocument[] = [ixgbe, vfioPci];

const openGroup = (of = NIC, as = 'group'): OperationDocument => ({ open: 'group', of, as });
const setContainer = (group = 'group'): OperationDocument => ({
  ioctl: 'VFIO_GROUP_SET_CONTAINER',
  on: group,
  files: ['container'],
});
const setIommu: OperationDocument = { ioctl: 'VFIO_SET_IOMMU', on: 'container', with: 3 };
const getDevice = (device = NIC, group = 'group', as = 'device'): OperationDocument => ({
  ioctl: 'VFIO_GROUP_GET_DEVICE_FD',
  on: group,
  device,
  as,
});
const mapDma: OperationDocument = {
  ioctl: 'VFIO_IOMMU_MAP_DMA',
  on: 'container',
  with: { flags: 3, vaddr: '0x7f0000000000', iova: '0x100000', size: '0x10000' },
};
const mapBar: OperationDocument = { mmap: 'device', region: 0, length: '0x4000', as: 'bar0' };
const touch: OperationDocument = { touch: 'bar0' };
const command = (value: number): OperationDocument => ({
  pwrite: 'device',
  region: 7,
  offset: 4,
  count: 2,
  value,
});
const MEMORY = 2;
const exit: OperationDocument = { exit: true };

/** All operations needed to have the device; the first error ends them. */
const attach: readonly OperationDocument[] = [
  { open: 'container' },
  openGroup(),
  setContainer(),
  setIommu,
];
const orStop = (does: readonly OperationDocument[]): OperationDocument[] =>
  does.map((operation) => ({ ...operation, onError: 'stop' }));
const openDevice = orStop([...attach, getDevice()]);

/** An eventfd with which the kernel requests the device from a user. */
const wantRequest: readonly OperationDocument[] = [
  { open: 'eventfd', as: 'request' },
  {
    ioctl: 'VFIO_DEVICE_SET_IRQS',
    on: 'device',
    with: { flags: '0x24', index: 4, count: 1 },
    files: ['request'],
  },
];
const hotReset = (...groups: readonly string[]): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_PCI_HOT_RESET',
  on: 'device',
  with: { count: groups.length },
  files: groups,
});
const first = { scenario, kernel: '6.12' } as const;

export const VFIO: readonly ScenarioDocument[] = [
  {
    ...first,
    name: 'vfio-second-opener',
    title: 'a group is open once: the second user gets -EBUSY',
    machine: { functions: [nic], drivers },
    actors: [
      { name: 'one', does: [openGroup()] },
      { name: 'two', does: [openGroup()] },
    ],
    outcomes: [{ errors: { one: [], two: ['EBUSY'] } }, { errors: { one: ['EBUSY'], two: [] } }],
  },
  {
    ...first,
    name: 'vfio-group-not-viable',
    title: 'a native driver of the same group keeps it from a user: SET_CONTAINER is -EPERM',
    machine: { functions: [shared[0], { ...shared[1], driver: 'ixgbe' }], drivers },
    actors: [{ name: 'client', does: openDevice }],
    outcomes: [{ drivers: { [TWIN]: 'ixgbe' }, errors: { client: ['EPERM'] } }],
  },
  {
    ...first,
    name: 'vfio-native-into-owned-group',
    title: 'a native driver and a user want one group: the second of them is refused',
    machine: { functions: shared, drivers },
    actors: [
      { name: 'client', does: openDevice },
      { name: 'admin', does: [bind('ixgbe', TWIN)] },
    ],
    outcomes: [
      { drivers: { [TWIN]: null }, errors: { client: [], admin: ['EBUSY'] } },
      { drivers: { [TWIN]: 'ixgbe' }, errors: { client: ['EPERM'], admin: [] } },
    ],
  },
  {
    ...first,
    name: 'vfio-unbind-asks-the-user',
    title: 'unbind requests the device with an eventfd and waits until the user has closed it',
    machine: { functions: [nic], drivers },
    actors: [
      {
        name: 'client',
        does: [...openDevice, ...wantRequest, { ...exit, when: { signalled: 'request' } }],
      },
      { name: 'admin', does: [after('client', 7, unbind('vfio-pci', NIC))] },
    ],
    outcomes: [{ drivers: { [NIC]: null }, errors: { client: [], admin: [] } }],
  },
  {
    ...first,
    name: 'vfio-unbind-asks-again',
    title: 'unbind requests the device every ten seconds until a user that missed it has closed it',
    machine: { requests: 3, functions: [nic], drivers },
    actors: [
      { name: 'client', does: [...openDevice, ...wantRequest, exit] },
      { name: 'admin', does: [after('client', 5, unbind('vfio-pci', NIC))] },
    ],
    outcomes: [{ drivers: { [NIC]: null }, errors: { client: [], admin: [] } }],
  },
  {
    ...first,
    name: 'vfio-unbind-hangs',
    title: 'unbind never ends when the user keeps the device',
    machine: { functions: [nic], drivers },
    actors: [
      { name: 'client', does: openDevice },
      { name: 'admin', does: [after('client', 5, unbind('vfio-pci', NIC))] },
    ],
    outcomes: [{ deadlock: true, errors: { client: [] } }],
  },
  {
    ...first,
    name: 'vfio-unbind-during-open',
    title: 'unbind comes while the device is being opened: it waits, or one of them is too late',
    machine: { functions: [nic], drivers },
    actors: [
      { name: 'client', does: [...attach, getDevice(), exit] },
      { name: 'admin', does: [unbind('vfio-pci', NIC)] },
    ],
    outcomes: [
      { drivers: { [NIC]: null }, errors: { client: [] } },
      // The device is looked up, and its lock is the unbinding thread's when it is to be reset.
      { drivers: { [NIC]: null }, errors: { client: ['EAGAIN'] } },
      // It was found while it left, and its group had left its container.
      { drivers: { [NIC]: null }, errors: { client: ['ENODEV'] } },
      // The group was lost before it was in a container, or had an IOMMU driver.
      { drivers: { [NIC]: null }, errors: { client: ['ENODEV', 'EINVAL', 'ENODEV'] } },
      { drivers: { [NIC]: null }, errors: { client: ['EINVAL', 'ENODEV'] } },
      // There was no group to open.
      { drivers: { [NIC]: null }, errors: { client: ['ENOENT', 'EBADF', 'EINVAL', 'EBADF'] } },
      // The node was there, and its group was not any more.
      { drivers: { [NIC]: null }, errors: { client: ['ENODEV', 'EBADF', 'EINVAL', 'EBADF'] } },
    ],
  },
  {
    ...first,
    name: 'vfio-reset-against-unbind',
    title: 'unbind holds the device lock while it waits for the user, whose resets are -EAGAIN',
    machine: { functions: [nic], drivers },
    actors: [
      {
        name: 'client',
        does: [
          ...openDevice,
          ...wantRequest,
          { ioctl: 'VFIO_DEVICE_RESET', on: 'device', when: { signalled: 'request' } },
          exit,
        ],
      },
      { name: 'admin', does: [after('client', 7, unbind('vfio-pci', NIC))] },
    ],
    outcomes: [{ drivers: { [NIC]: null }, errors: { client: ['EAGAIN'], admin: [] } }],
  },
  {
    ...first,
    name: 'vfio-exit-while-mapped',
    title: 'a mapping keeps the device open after its file is closed, until the process ends',
    machine: { functions: [nic], drivers },
    actors: [
      {
        name: 'client',
        does: [
          ...openDevice,
          mapDma,
          mapBar,
          touch,
          { close: 'device' },
          { close: 'group' },
          { close: 'container' },
          touch,
          { ...exit, when: { actor: 'admin', did: 0 } },
        ],
      },
      { name: 'admin', does: [after('client', 12, unbind('vfio-pci', NIC))] },
    ],
    outcomes: [{ drivers: { [NIC]: null }, errors: { client: [], admin: [] } }],
  },
  {
    ...first,
    name: 'vfio-memory-off-then-touch',
    title: 'memory is switched off in COMMAND: a touch of a mapped BAR is a bus error',
    machine: { functions: [nic], drivers },
    actors: [
      {
        name: 'client',
        does: [...openDevice, mapBar, touch, command(0), touch, command(MEMORY), touch],
      },
    ],
    outcomes: [{ errors: { client: ['EFAULT'] } }],
  },
  {
    ...first,
    name: 'vfio-touch-while-memory-goes',
    title: 'one thread switches memory off while another touches the BAR: it faults, or does not',
    machine: { functions: [nic], drivers },
    actors: [
      { name: 'vcpu', process: 'vmm', does: [...openDevice, mapBar, touch, touch] },
      { name: 'main', process: 'vmm', does: [after('vcpu', 6, command(0))] },
    ],
    outcomes: [
      { errors: { vcpu: [] } },
      { errors: { vcpu: ['EFAULT'] } },
      { errors: { vcpu: ['EFAULT', 'EFAULT'] } },
    ],
  },
  {
    ...first,
    name: 'vfio-hot-reset-foreign-group',
    title: 'a reset of the bus requires the groups of all its functions',
    machine: {
      functions: [
        { ...nic, address: '0000:45:00.0' },
        { ...nic, address: '0000:45:00.1' },
      ],
      drivers,
    },
    actors: [
      {
        name: 'client',
        does: [
          { open: 'container' },
          openGroup('0000:45:00.0'),
          setContainer(),
          setIommu,
          getDevice('0000:45:00.0'),
          hotReset('group'),
          openGroup('0000:45:00.1', 'other'),
          hotReset('group', 'other'),
          hotReset('device'),
          hotReset('nothing'),
        ],
      },
    ],
    outcomes: [{ errors: { client: ['EINVAL', 'EINVAL', 'EBADF'] } }],
  },
  {
    ...first,
    kernel: '6.1',
    name: 'vfio-hot-reset-unmaps',
    title: 'a reset of the bus empties the page tables of its BARs: the next touch faults again',
    machine: { functions: [nic], drivers },
    actors: [
      { name: 'client', does: [...openDevice, mapBar, touch, hotReset('group'), touch, exit] },
    ],
    outcomes: [{ drivers: { [NIC]: 'vfio-pci' }, errors: { client: [] } }],
  },
  {
    ...first,
    name: 'vfio-given-to-native-driver',
    title: 'a user has done with the device, and the native driver has it again',
    machine: { functions: [nic], drivers },
    actors: [
      { name: 'client', does: [...openDevice, mapDma, exit] },
      {
        name: 'admin',
        does: [after('client', 7, unbind('vfio-pci', NIC)), override(NIC, ''), bind('ixgbe', NIC)],
      },
    ],
    outcomes: [{ drivers: { [NIC]: 'ixgbe' }, errors: { client: [], admin: [] } }],
  },
];
