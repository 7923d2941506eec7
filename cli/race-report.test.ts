/** Goal: what is known about races and locks is said, also where the rest was not recorded. */
import { expect, test } from 'vitest';
import { races } from '../analysis/index.js';
import { type EventRow, traceOf } from '../tests/build-trace.js';
import { formatReport } from './race-report.js';

const device = '0000:42:00.0';
const call = (tid: number, row: EventRow, within: EventRow[] = []): EventRow[] => [
  { ...row, tid, pid: tid, phase: 'begin', device },
  ...within,
  { ...row, tid, pid: tid, phase: 'end', device, ret: 0n },
];

test('a recording without probes and writes still shows locks in opposite orders', () => {
  const waits = call(20, { kind: 'vfio.unregister', name: 'vfio_unregister_group_dev' });
  const reader = traceOf([
    ...call(10, { kind: 'device.open', name: 'vfio_pci_core_enable' }),
    ...call(10, { kind: 'sysfs.read', name: 'sriov_numvfs' }),
    ...call(20, { kind: 'unbind', name: 'device_release_driver_internal' }, waits),
  ]);
  const text = formatReport(races(reader), 0n);
  reader.close();
  expect(text).toMatch(/^Whether there are races is not known: /);
  expect(text).toContain(`1 possible deadlock: locks in opposite orders`);
  expect(text).toContain(`users of ${device}, then device_lock of ${device}`);
});
