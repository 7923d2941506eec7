/**
 * Goal: a call on a file keeps it open while another thread of the process closes it.
 * Method: one thread makes a call and another closes the device, or unmaps it, in every order.
 */
import { expect, test } from 'vitest';
import { type Outcome, World } from '../kernel/index.js';
import { type ScenarioDocument, specOf } from '../scenarios/index.js';
import { exploreOrders } from './index.js';

const NIC = '0000:42:00.0';
type Operation = ScenarioDocument['actors'][number]['does'][number];

const opened: readonly Operation[] = [
  { open: 'container' },
  { open: 'group', of: NIC },
  { ioctl: 'VFIO_GROUP_SET_CONTAINER', on: 'group', files: ['container'] },
  { ioctl: 'VFIO_SET_IOMMU', on: 'container', with: 3 },
  { ioctl: 'VFIO_GROUP_GET_DEVICE_FD', on: 'group', device: NIC },
  { open: 'eventfd' },
];
const mapped: Operation = { mmap: 'device', region: 0, length: 4096, as: 'bar' };

/** What a call may return while another thread of the process does something else. */
function endsOf(before: readonly Operation[], call: Operation, other: Operation): string[] {
  const spec = specOf({
    scenario: 1,
    name: 'shared-files',
    title: 'two threads of a process',
    kernel: '6.12',
    machine: {
      functions: [
        {
          address: NIC,
          vendor: '0x8086',
          device: '0x10ed',
          class: '0x020000',
          driver: 'vfio-pci',
          override: 'vfio-pci',
        },
      ],
      drivers: [{ name: 'vfio-pci' }],
    },
    actors: [
      { name: 'caller', process: 'vmm', does: [...before, call] },
      {
        name: 'other',
        process: 'vmm',
        does: [{ ...other, when: { actor: 'caller', did: before.length } }],
      },
    ],
    outcomes: [],
  });
  const seen = new Set<string>();
  const isBad = ({ errors }: Outcome) => {
    seen.add(errors.caller.join());
    return false;
  };
  const options = { states: 50_000, exact: true, reduce: 'never', samples: 0 } as const;
  expect(exploreOrders(new World(spec), { ...options, isBad }).closed).toBe(true);
  return [...seen].sort();
}

const close: Operation = { close: 'device' };
const bus: Operation = {
  ioctl: 'VFIO_DEVICE_PCI_HOT_RESET',
  on: 'device',
  with: { count: 1 },
  files: ['group'],
};
const unmap: Operation = { munmap: 'bar' };
const setIrqs: Operation = {
  ioctl: 'VFIO_DEVICE_SET_IRQS',
  on: 'device',
  with: { flags: 4 | 32, index: 0, start: 0, count: 1 },
  files: ['eventfd'],
};

test.each<[string, Operation]>([
  ['SET_IRQS', setIrqs],
  ['GET_INFO', { ioctl: 'VFIO_DEVICE_GET_INFO', on: 'device' }],
  ['RESET', { ioctl: 'VFIO_DEVICE_RESET', on: 'device' }],
  ['a read of configuration space', { pread: 'device', region: 7, offset: 0, count: 4 }],
  ['a read of a BAR', { pread: 'device', region: 0, offset: 0, count: 4 }],
  ['mmap', { mmap: 'device', region: 0, length: 4096, as: 'again' }],
])('%s works, or comes too late, as another thread closes the device', (_, call) => {
  expect(endsOf(opened, call, close)).toEqual(['', 'EBADF']);
});

test('a reset of the bus works, or comes too late, as another thread closes the group', () => {
  expect(endsOf(opened, bus, { close: 'group' })).toEqual(['', 'EBADF']);
});

test('a group joins a container, or comes too late, as another thread closes that', () => {
  const [container, group, join] = opened;
  expect(endsOf([container, group], join, { close: 'container' })).toEqual(['', 'EBADF']);
});

test('a page fault works, or comes too late, as another thread unmaps the BAR', () => {
  expect(endsOf([...opened, mapped], { touch: 'bar' }, unmap)).toEqual(['', 'EFAULT']);
});
