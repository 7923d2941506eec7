/** Mediated devices: made, used by both doors, migrated, and removed at a bad moment. */
import type { OperationDocument, ScenarioDocument } from './document.js';
import { openDeviceOf, orStop } from './vfio-parts.js';

const first = { scenario: 1, kernel: '6.12' } as const;

const A = '11111111-aaaa-4000-8000-000000000001';
const B = '22222222-bbbb-4000-8000-000000000002';
const C = '33333333-cccc-4000-8000-000000000003';
const D = '44444444-dddd-4000-8000-000000000004';
const E = '55555555-eeee-4000-8000-000000000005';

const create = (uuid: string, type: string): OperationDocument => ({
  write: `/sys/class/mdev_bus/${type.split('-')[0]}/mdev_supported_types/${type}/create`,
  text: uuid,
});
const remove = (uuid: string, text = '1'): OperationDocument => ({
  write: `/sys/bus/mdev/devices/${uuid}/remove`,
  text,
});
const ofDriver = (driver: string, attribute: string, uuid: string): OperationDocument => ({
  write: `/sys/bus/mdev/drivers/${driver}/${attribute}`,
  text: uuid,
});
const left = (type: string, as: string): OperationDocument => ({
  read: 'available_instances',
  of: `${type.split('-')[0]}/${type}`,
  as,
});

const getInfo: OperationDocument = { ioctl: 'VFIO_DEVICE_GET_INFO', on: 'device' };
const irqInfo = (index: number): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_GET_IRQ_INFO',
  on: 'device',
  with: { index },
});
const regionInfo = (index: number): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_GET_REGION_INFO',
  on: 'device',
  with: { index },
});
const read = (region: number): OperationDocument => ({
  pread: 'device',
  region,
  offset: 0,
  count: 4,
});
const setIrq = (index: number, file: string): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_SET_IRQS',
  on: 'device',
  with: { flags: 4 | 32, index, start: 0, count: 1 },
  files: [file],
});
const setState = (device_state: number, as?: string): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_FEATURE',
  on: 'device',
  with: { flags: '0x20002', device_state, data_fd: 0 },
  ...(as === undefined ? {} : { as }),
});
const transfer = (file: string, count: number, writes: boolean): OperationDocument => ({
  transfer: file,
  count,
  writes,
});
const STATE = { STOP: 1, RUNNING: 2, STOP_COPY: 3, RESUMING: 4, PRE_COPY: 6 };

const mapDma: OperationDocument = {
  ioctl: 'VFIO_IOMMU_MAP_DMA',
  on: 'container',
  with: { flags: 3, vaddr: '0x7f0000000000', iova: '0x10000', size: '0x4000' },
};
const unmapDma: OperationDocument = {
  ioctl: 'VFIO_IOMMU_UNMAP_DMA',
  on: 'container',
  with: { flags: 0, iova: '0x10000', size: '0x4000' },
};
const attachTo = (id: number): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  on: 'device',
  with: { pt_id: id },
});
const destroy = (id: number): OperationDocument => ({
  ioctl: 'IOMMU_DESTROY',
  on: 'iommufd',
  with: { id },
});
const plane = (flags: number): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_QUERY_GFX_PLANE',
  on: 'device',
  with: { flags },
});
/** VFIO_GFX_PLANE_TYPE_PROBE with one of the two types. */
const PROBE_DMABUF = 3;
const PROBE_REGION = 5;

const machineOf = (...names: readonly string[]): ScenarioDocument['machine'] => ({
  functions: [],
  drivers: names.map((name) => ({ name })),
});

export const MDEVS: readonly ScenarioDocument[] = [
  {
    ...first,
    name: 'mdev-errors',
    title: 'every errno of create and remove, and what the driver core says to mediated devices',
    machine: machineOf('mtty', 'mdpy'),
    actors: [
      {
        name: 'admin',
        does: [
          create('not-a-uuid', 'mtty-1'),
          create(A, 'mtty-1'),
          create(A, 'mtty-2'),
          remove(A, 'x'),
          remove(A, '0'),
          ofDriver('mtty', 'bind', A),
          ofDriver('mdpy', 'unbind', A),
          { write: '/sys/bus/mdev/drivers_probe', text: A },
          ofDriver('mtty', 'unbind', A),
          ofDriver('mtty', 'unbind', A),
          remove(A),
          remove(A),
          create(A, 'mtty-1'),
          { unload: 'mtty' },
          create(B, 'mtty-1'),
        ],
      },
    ],
    outcomes: [
      {
        gone: [A, B],
        errors: {
          admin: ['EINVAL', 'EEXIST', 'EINVAL', 'ENODEV', 'ENODEV', 'ENODEV', 'ENOENT', 'ENOENT'],
        },
      },
    ],
  },
  {
    ...first,
    name: 'mdev-parent-is-full',
    title: 'a parent has no instance left: the core says so, or the driver, each in its own way',
    machine: machineOf('mdpy', 'mbochs'),
    actors: [
      {
        name: 'admin',
        does: [
          ...[A, B, C, D].map((uuid) => create(uuid, 'mdpy-vga')),
          left('mdpy-hd', 'full'),
          create(E, 'mdpy-hd'),
          remove(A),
          left('mdpy-hd', 'after'),
          ...[A, E].map((uuid) => create(uuid, 'mbochs-large')),
          left('mbochs-large', 'large'),
          left('mbochs-small', 'small'),
        ],
      },
    ],
    outcomes: [
      {
        errors: { admin: ['EUSERS'] },
        variables: { full: '0', after: '1', large: '2', small: '32' },
        drivers: { [A]: 'mbochs', [B]: 'mdpy' },
      },
    ],
  },
  {
    ...first,
    name: 'mdev-ports-run-out',
    title: 'more serial ports than mtty has: -ENOSPC, and the device is gone again',
    machine: machineOf('mtty'),
    actors: [
      {
        name: 'admin',
        does: [
          ...Array.from({ length: 12 }, (_, i) =>
            create(`00000000-0000-4000-8000-0000000000${String(10 + i)}`, 'mtty-2'),
          ),
          create(A, 'mtty-1'),
          left('mtty-1', 'left'),
        ],
      },
    ],
    outcomes: [{ gone: [A], errors: { admin: ['ENOSPC'] }, variables: { left: '0' } }],
  },
  {
    ...first,
    name: 'mdev-removed-while-open',
    title: 'the removal of a mediated device waits until its user closes it',
    machine: machineOf('mtty'),
    actors: [
      {
        name: 'vmm',
        process: 'vmm',
        does: [
          create(A, 'mtty-1'),
          ...orStop(openDeviceOf(A)),
          { ...getInfo, when: { gone: A } },
          { close: 'device' },
          { close: 'group' },
          { close: 'container' },
        ],
      },
      {
        name: 'admin',
        does: [{ ...remove(A), when: { actor: 'vmm', did: 6 } }],
      },
      {
        name: 'again',
        does: [{ ...create(A, 'mtty-1'), when: { actor: 'vmm', did: 7 } }],
      },
    ],
    outcomes: [
      { gone: [A], errors: { vmm: [], admin: [], again: ['EEXIST'] } },
      { drivers: { [A]: 'mtty' }, errors: { vmm: [], admin: [], again: [] } },
    ],
  },
  {
    ...first,
    name: 'mdev-by-group',
    title:
      'mtty by the door of its group: regions, interrupts, features, and memory without an IOMMU',
    machine: machineOf('mtty'),
    actors: [
      {
        name: 'vmm',
        does: [
          create(A, 'mtty-1'),
          ...openDeviceOf(A),
          irqInfo(0),
          getInfo,
          irqInfo(0),
          irqInfo(2),
          regionInfo(8),
          regionInfo(9),
          read(7),
          read(8),
          { open: 'eventfd', as: 'line' },
          setIrq(1, 'line'),
          { interrupt: A, index: 1 },
          { ioctl: 'VFIO_DEVICE_RESET', on: 'device', when: { signalled: 'line' } },
          setIrq(0, 'line'),
          { ioctl: 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO', on: 'device' },
          { mmap: 'device', region: 0, length: 4096, as: 'bar' },
          mapDma,
          mapDma,
          unmapDma,
          { close: 'device' },
          { close: 'group' },
          { close: 'container' },
          remove(A),
        ],
      },
    ],
    outcomes: [
      {
        gone: [A],
        errors: {
          vmm: [
            ...['EINVAL', 'EINVAL', 'EINVAL', 'EFAULT', 'EINVAL', 'ENOTTY', 'EINVAL'],
            'EEXIST',
          ],
        },
      },
    ],
  },
  {
    ...first,
    name: 'mdev-by-cdev',
    title: 'mtty by its character device: an iommufd knows it as an access, without page tables',
    machine: machineOf('mtty'),
    actors: [
      {
        name: 'vmm',
        does: [
          create(A, 'mtty-1'),
          { open: 'iommufd' },
          { ioctl: 'IOMMU_IOAS_ALLOC', on: 'iommufd', with: {} },
          { open: 'cdev', of: A, as: 'device' },
          getInfo,
          {
            ioctl: 'VFIO_DEVICE_BIND_IOMMUFD',
            on: 'device',
            with: {},
            files: ['iommufd'],
          },
          attachTo(9),
          attachTo(1),
          destroy(1),
          { open: 'group', of: A },
          getInfo,
          setState(STATE.STOP_COPY, 'save'),
          transfer('save', 4096, false),
          { ioctl: 'VFIO_DEVICE_DETACH_IOMMUFD_PT', on: 'device', with: {} },
          destroy(1),
          { ioctl: 'IOMMU_IOAS_ALLOC', on: 'iommufd', with: {} },
          { close: 'device' },
        ],
      },
    ],
    outcomes: [
      { drivers: { [A]: 'mtty' }, errors: { vmm: ['EINVAL', 'ENOENT', 'EBUSY', 'EBUSY'] } },
    ],
  },
  {
    ...first,
    name: 'mdev-migration',
    title: 'an mtty is saved while it runs and stopped, and another one loads it',
    machine: machineOf('mtty'),
    actors: [
      {
        name: 'vmm',
        does: [
          create(A, 'mtty-1'),
          ...openDeviceOf(A),
          setState(STATE.PRE_COPY, 'save'),
          { ioctl: 'VFIO_MIG_GET_PRECOPY_INFO', on: 'save' },
          transfer('save', 4096, false),
          setState(STATE.STOP_COPY),
          transfer('save', 4096, false),
          transfer('save', 4096, false),
          setState(STATE.PRE_COPY),
          setState(STATE.RUNNING),
          setState(STATE.RESUMING, 'load'),
          transfer('load', 24, true),
          setState(STATE.STOP),
          transfer('load', 36, true),
          transfer('load', 1, true),
          setState(STATE.STOP),
          setState(STATE.RESUMING, 'more'),
          { ioctl: 'VFIO_DEVICE_RESET', on: 'device' },
          transfer('more', 24, true),
        ],
      },
    ],
    outcomes: [{ errors: { vmm: ['EINVAL', 'EINVAL', 'ENOMEM', 'ENODEV'] } }],
  },
  {
    ...first,
    name: 'mdev-displays',
    title: 'mdpy shows its display as a region, mbochs as DMA buffers; neither migrates',
    machine: machineOf('mdpy', 'mbochs'),
    actors: ['mdpy-vga', 'mbochs-small'].map((type, i) => ({
      name: type,
      does: [
        create([A, B][i], type),
        ...openDeviceOf([A, B][i]),
        irqInfo(0),
        getInfo,
        plane(PROBE_REGION),
        plane(PROBE_DMABUF),
        { ioctl: 'VFIO_DEVICE_GET_GFX_DMABUF', on: 'device', with: { dmabuf_id: 0 } },
        regionInfo(16),
        setState(STATE.STOP),
        { mmap: 'device', region: 0, length: 4096, as: 'bar' },
        { touch: 'bar' },
        { close: 'device' },
        { ioctl: 'VFIO_GROUP_UNSET_CONTAINER', on: 'group' },
        { munmap: 'bar' },
        { ioctl: 'VFIO_GROUP_UNSET_CONTAINER', on: 'group' },
      ],
    })),
    outcomes: [
      {
        errors: {
          'mdpy-vga': ['EINVAL', 'EINVAL', 'ENOTTY', 'ENOTTY', 'EBUSY'],
          'mbochs-small': ['EINVAL', 'ENOENT', 'EINVAL', 'ENOTTY', 'EBUSY'],
        },
      },
    ],
  },
  {
    ...first,
    name: 'mdev-parent-unloads',
    title: 'the module of a parent is unloaded while another task makes and removes devices of it',
    machine: machineOf('mtty'),
    actors: [
      { name: 'maker', does: [create(A, 'mtty-1'), remove(A)] },
      { name: 'rmmod', does: [{ unload: 'mtty' }] },
    ],
    outcomes: [
      { gone: [A], errors: { maker: [], rmmod: [] } },
      { gone: [A], errors: { maker: ['ENOENT', 'ENOENT'], rmmod: [] } },
      { gone: [A], errors: { maker: ['ENODEV', 'ENOENT'], rmmod: [] } },
      { gone: [A], errors: { maker: ['ENOENT'], rmmod: [] } },
      { gone: [A], errors: { maker: ['ENODEV'], rmmod: [] } },
    ],
  },
];
