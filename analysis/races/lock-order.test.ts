/**
 * Goal: locks that two threads took in opposite orders are named, though nothing got stuck.
 * Method: traces written by hand, of the calls that a recorder sees.
 */
import { expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../tests/build-trace.js';
import { races } from './index.js';

const NIC = '0000:42:00.0';

const call = (tid: number, task: string, row: EventRow, within: EventRow[] = []): EventRow[] => [
  { ...row, tid, task, phase: 'begin', device: NIC },
  ...within,
  { ...row, tid, task, phase: 'end', device: NIC, ret: 0n },
];

const user = { pid: 10 };
const opens = call(10, 'spdk', { kind: 'device.open', name: 'vfio_pci_core_enable', ...user });
const scans = call(11, 'spdk', { kind: 'sysfs.read', name: 'sriov_numvfs', ...user });
const closes: EventRow[] = [
  { kind: 'device.close', name: 'vfio_pci_core_close_device', tid: 10, device: NIC, ...user },
];
const admin = { pid: 20 };
const waits = call(20, 'bash', {
  kind: 'vfio.unregister',
  name: 'vfio_unregister_group_dev',
  ...admin,
});
const removes = call(
  20,
  'bash',
  { kind: 'unbind', name: 'device_release_driver_internal', ...admin },
  waits,
);

const candidates = (rows: readonly EventRow[]) => {
  const reader = traceOf(rows);
  const { deadlocks } = races(reader);
  reader.close();
  return deadlocks;
};

test('a user of a device that reads sriov_numvfs can wait for a removal that waits for it', () => {
  const found = candidates([...opens, ...scans, ...closes, ...removes]);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    device: NIC,
    class: 'R17',
    locks: [`users of ${NIC}`, `device_lock of ${NIC}`],
    first: { actor: { task: 'spdk', tid: 11 } },
    second: { actor: { task: 'bash', tid: 20 } },
  });
});

test('a device that its user closes before the read makes no deadlock possible', () => {
  expect(candidates([...opens, ...closes, ...scans, ...removes])).toEqual([]);
});

test('a worker that does the probe of a writer has the lock of the writer', () => {
  const pf = '0000:41:00.0';
  const vf = '0000:41:00.4';
  const span = (
    tid: number,
    device: string,
    row: EventRow,
    within: EventRow[] = [],
  ): EventRow[] => [
    { ...row, tid, pid: tid, task: `task-${tid}`, phase: 'begin', device },
    ...within,
    { ...row, tid, pid: tid, task: `task-${tid}`, phase: 'end', device, ret: 0n },
  ];
  const probe = { kind: 'probe', name: 'really_probe' } as const;
  const inWorker = span(9, pf, { kind: 'probe', name: 'nvme_probe' }, span(9, vf, probe));
  const own = span(1, pf, { kind: 'probe', name: 'pci_device_probe' }, inWorker);
  const first = span(1, pf, probe, own);
  const second = span(2, vf, { kind: 'unbind', name: 'device_release_driver_internal' }, [
    ...span(2, pf, { kind: 'sysfs.write', name: 'sriov_numvfs' }),
  ]);
  const [found] = candidates([...first, ...second]);
  expect(found.locks).toEqual([`device_lock of ${pf}`, `device_lock of ${vf}`]);
  expect(found.first.actor.tid).toBe(9);
});
