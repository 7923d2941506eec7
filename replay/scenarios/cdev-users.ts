/** Users of character devices: objects of an iommufd, and the door by which a user has a device. */
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { after, bind, ixgbe, NIC, nics, TWIN, unbind, vfioPci } from './parts.js';

const nic: FunctionDocument = { ...nics[0], driver: 'vfio-pci', override: 'vfio-pci' };
const shared: readonly FunctionDocument[] = [
  { ...nic, group: 7 },
  { ...nics[1], group: 7 },
];
const drivers = [ixgbe, vfioPci];

const openIommufd: OperationDocument = { open: 'iommufd' };
const openCdev = (of = NIC, as = 'device'): OperationDocument => ({ open: 'cdev', of, as });
const bindTo = (iommufd: string | null = 'iommufd', on = 'device'): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_BIND_IOMMUFD',
  on,
  with: {},
  files: [iommufd],
});
const attachTo = (id: number, on = 'device'): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  on,
  with: { pt_id: id },
});
const detach: OperationDocument = {
  ioctl: 'VFIO_DEVICE_DETACH_IOMMUFD_PT',
  on: 'device',
  with: {},
};
const info: OperationDocument = { ioctl: 'VFIO_DEVICE_GET_INFO', on: 'device', with: {} };
const newIoas: OperationDocument = { ioctl: 'IOMMU_IOAS_ALLOC', on: 'iommufd', with: {} };
const destroy = (id: number): OperationDocument => ({
  ioctl: 'IOMMU_DESTROY',
  on: 'iommufd',
  with: { id },
});
const map = (at: string): OperationDocument => ({
  ioctl: 'IOMMU_IOAS_MAP',
  on: 'iommufd',
  with: { ioas_id: 1, flags: 7, user_va: '0x7f0000000000', length: '0x10000', iova: at },
});
const exit: OperationDocument = { exit: true };
/** Objects of an iommufd in the order of their making: the IOAS, the device, its page table. */
const IOAS = 1;
const DEVICE = 2;
const TABLE = 3;
const open: readonly OperationDocument[] = [openIommufd, newIoas, openCdev(), bindTo()];
const first = { scenario: 1, kernel: '6.12' } as const;
const alone = { functions: [nic], drivers };

export const CDEV_USERS: readonly ScenarioDocument[] = [
  {
    ...first,
    name: 'cdev-before-bind',
    title: 'a character device serves no call before BIND: each is -EINVAL',
    machine: alone,
    actors: [
      {
        name: 'client',
        does: [
          openCdev(),
          info,
          attachTo(IOAS),
          { pread: 'device', region: 7, offset: 0, count: 4 },
          { mmap: 'device', region: 0, length: '0x1000', as: 'bar' },
          bindTo(null),
          openIommufd,
          bindTo('device'),
          bindTo(),
          info,
        ],
      },
    ],
    outcomes: [
      { errors: { client: ['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EBADFD'] } },
    ],
  },
  {
    ...first,
    name: 'cdev-bound-twice',
    title: 'a device is bound once: a second BIND is -EINVAL, also of another file',
    machine: alone,
    actors: [
      {
        name: 'client',
        does: [...open, bindTo(), openCdev(NIC, 'second'), bindTo('iommufd', 'second')],
      },
    ],
    outcomes: [{ errors: { client: ['EINVAL', 'EINVAL'] } }],
  },
  {
    ...first,
    name: 'cdev-two-users',
    title: 'of two users who bind a device the second gets -EINVAL',
    machine: alone,
    actors: ['one', 'two'].map((name) => ({ name, does: [openIommufd, openCdev(), bindTo()] })),
    outcomes: [{ errors: { one: [], two: ['EINVAL'] } }, { errors: { one: ['EINVAL'], two: [] } }],
  },
  {
    ...first,
    name: 'cdev-against-group',
    title: 'a device is open by one door: the user who comes later gets -EBUSY',
    machine: alone,
    actors: [
      { name: 'group', does: [{ open: 'group', of: NIC }] },
      { name: 'cdev', does: [openIommufd, openCdev(), bindTo()] },
    ],
    outcomes: [
      { errors: { group: ['EBUSY'], cdev: [] } },
      { errors: { group: [], cdev: ['EBUSY'] } },
    ],
  },
  {
    ...first,
    name: 'iommufd-destroy-in-use',
    title: 'objects in use cannot be destroyed: -EBUSY until the device is detached',
    machine: alone,
    actors: [
      {
        name: 'client',
        does: [
          ...open,
          attachTo(IOAS),
          ...[IOAS, DEVICE, TABLE].map(destroy),
          detach,
          // The page table has gone with the device.
          ...[TABLE, IOAS].map(destroy),
        ],
      },
    ],
    outcomes: [{ errors: { client: ['EBUSY', 'EBUSY', 'EBUSY', 'ENOENT'] } }],
  },
  {
    ...first,
    name: 'cdev-close-releases',
    title: 'closing a bound device releases it, and its iommufd stays with what else it has',
    machine: alone,
    actors: [
      {
        name: 'client',
        does: [
          ...open,
          attachTo(IOAS),
          map('0x100000'),
          { close: 'device' },
          destroy(DEVICE),
          openCdev(),
          bindTo(),
          { open: 'group', of: NIC },
          map('0x100000'),
          attachTo(IOAS),
          { close: 'iommufd' },
          info,
          exit,
        ],
      },
      { name: 'admin', does: [after('client', 16, unbind('vfio-pci', NIC))] },
    ],
    outcomes: [{ drivers: { [NIC]: null }, errors: { client: ['ENOENT', 'EBUSY', 'EEXIST'] } }],
  },
  {
    ...first,
    name: 'cdev-unbind-waits',
    title: 'unbind requests a bound device from its user, and waits until it is closed',
    machine: alone,
    actors: [
      {
        name: 'client',
        does: [
          ...open,
          { open: 'eventfd', as: 'request' },
          {
            ioctl: 'VFIO_DEVICE_SET_IRQS',
            on: 'device',
            with: { flags: '0x24', index: 4, count: 1 },
            files: ['request'],
          },
          { close: 'device', when: { signalled: 'request' } },
          { ...openCdev(), when: { driver: null, of: NIC } },
        ],
      },
      { name: 'admin', does: [after('client', 6, unbind('vfio-pci', NIC))] },
    ],
    outcomes: [{ drivers: { [NIC]: null }, errors: { client: ['ENOENT'], admin: [] } }],
  },
  {
    ...first,
    name: 'cdev-unbound-file-hangs',
    title: 'a file that was never bound keeps the device, too: unbind never ends',
    machine: alone,
    actors: [
      { name: 'client', does: [openCdev()] },
      { name: 'admin', does: [after('client', 1, unbind('vfio-pci', NIC))] },
    ],
    outcomes: [{ deadlock: true, errors: { client: [] } }],
  },
  {
    ...first,
    name: 'cdev-group-not-viable',
    title: 'a native driver and a user of a character device want one group: one is refused',
    machine: { functions: shared, drivers },
    actors: [
      { name: 'client', does: open },
      { name: 'admin', does: [bind('ixgbe', TWIN)] },
    ],
    outcomes: [
      { drivers: { [TWIN]: null }, errors: { client: [], admin: ['EBUSY'] } },
      { drivers: { [TWIN]: 'ixgbe' }, errors: { client: ['EPERM'], admin: [] } },
    ],
  },
  {
    ...first,
    name: 'cdev-group-of-two-iommufds',
    title: 'devices of one group are bound to one iommufd: another is -EPERM',
    machine: {
      functions: shared.map((fn) => ({ ...fn, driver: 'vfio-pci', override: 'vfio-pci' })),
      drivers,
    },
    actors: [
      {
        name: 'client',
        does: [
          ...open,
          attachTo(IOAS),
          openCdev(TWIN, 'twin'),
          { open: 'iommufd', as: 'other' },
          bindTo('other', 'twin'),
          bindTo('iommufd', 'twin'),
          newIoas,
          attachTo(5, 'twin'),
          attachTo(IOAS, 'twin'),
        ],
      },
    ],
    // A group is attached to one page table.
    outcomes: [{ errors: { client: ['EPERM', 'EINVAL'] } }],
  },
];
