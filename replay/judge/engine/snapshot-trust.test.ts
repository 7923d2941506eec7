/**
 * Goal: a snapshot of another machine or boot is told once and accuses no kernel; one that belongs
 * is used whole.
 * Method: recordings of real kernels, each with every other's snapshot; then traces written by hand
 * for what these do not differ in.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importInput } from '../../../recorder/index.js';
import { type EventRow, scratchFolder, traceOf } from '../../../tests/build-trace.js';
import { TraceReader } from '../../../traces/index.js';
import { replay } from '../../index.js';

const scratch = scratchFolder();

function replayed(capture: string, snapshotOf: string) {
  const folder = (name: string) => join('tests/data/captures', name);
  const output = join(scratch, 'mixed.arrows');
  const snapshot = join(folder(snapshotOf), 'state-before');
  importInput({ input: join(folder(capture), 'trace.txt.zst'), output, snapshot });
  const reader = TraceReader.open(output);
  try {
    return replay(reader.read(), reader.meta);
  } finally {
    reader.close();
  }
}

describe('a snapshot of another recording', () => {
  test.each([
    // The same machine in another boot: no driver had the PF.
    ['udev-r1', 'hotplug-r1', true, '0000:01:00.0/sriov/numvfs'],
    ['many-writers-r1', 'vfio-client-r1', true, '0000:01:00.3/drivers_probe'],
    // BARs lie elsewhere.
    ['vfio-client-r1', 'hotplug-r1', true, '0000:03:00.0/match'],
    // Later than the recording.
    ['udev-r1', 'many-writers-r1', false, 'time'],
    ['vfio-client-r1', 'k612-vfio-client-r1', false, 'time'],
    // Another machine.
    ['udev-r1', 'igb-sriov-r1', false, 'devices'],
  ])('%s with that of %s', (capture, other, used, path) => {
    const { diverged, snapshot } = replayed(capture, other);
    expect(diverged).toBe(0);
    expect(snapshot.used).toBe(used);
    expect(snapshot.doubts.map((doubt) => doubt.path)).toContain(path);
    expect(new Set(snapshot.doubts.map((doubt) => doubt.path)).size).toBe(snapshot.doubts.length);
  });

  test('its own has nothing against it but what was set up in between', () => {
    expect(replayed('udev-r1', 'udev-r1').snapshot).toEqual({ used: true, doubts: [] });
    const { snapshot } = replayed('vfio-client-r1', 'vfio-client-r1');
    expect(snapshot.used).toBe(true);
    for (const { path } of snapshot.doubts) expect(path).toMatch(/\/match$/);
  });
});

const DEVICE = '0000:03:00.0';
const told = (device: string, id: string, ts = 5_000_000_000n): EventRow => ({
  kind: 'snapshot',
  name: 'start',
  ts,
  device,
  text: JSON.stringify({ vendor: '0x8086', device: id, class: '0x020000', driver: null }),
});
const read = (device: string, value: bigint, ts = 6_000_000_000n): EventRow => ({
  ...{ kind: 'config.read', path: 'kernel', name: 'pci_bus_read_config_dword', device, ts },
  ...{ offset: 0n, length: 4n, value },
});
const released = (ts = 7_000_000_000n): EventRow => ({
  ...{ kind: 'unbind', phase: 'begin', name: 'device_release_driver_internal', ts },
  ...{ device: DEVICE, driver: 'nvme', tid: 1 },
});

function trust(rows: readonly EventRow[], clock = 'mono') {
  const reader = traceOf(rows, { meta: { clock } });
  const { diverged, snapshot } = replay(reader.read(), reader.meta);
  return { diverged, used: snapshot.used, paths: snapshot.doubts.map(({ path }) => path) };
}

test('other ids than those that were read', () => {
  const right = [told(DEVICE, '0x10d3'), read(DEVICE, 0x10d3_8086n)];
  expect(trust(right)).toEqual({ diverged: 0, used: true, paths: [] });
  const wrong = [told(DEVICE, '0x10d3'), read(DEVICE, 0x1533_8086n)];
  expect(trust(wrong)).toEqual({ diverged: 0, used: false, paths: ['ids'] });
  // One that is not as the others was exchanged, or its event is wrong.
  const others = ['0000:04:00.0', '0000:05:00.0'];
  const most = [
    ...others.map((device) => told(device, '0x10d3')),
    ...wrong,
    ...others.map((device) => read(device, 0x10d3_8086n)),
  ];
  expect(trust(most)).toMatchObject({ used: true });
  // Nobody answered.
  expect(trust([told(DEVICE, '0x10d3'), read(DEVICE, 0xffff_ffffn)])).toMatchObject({ used: true });
});

test('devices of other buses are missed by no snapshot', () => {
  const other: EventRow = { ...released(), device: 'virtio3' };
  expect(trust([told(DEVICE, '0x10d3'), other])).toEqual({ diverged: 0, used: true, paths: [] });
  const absent: EventRow = { ...released(), device: '0000:09:00.0' };
  expect(trust([told(DEVICE, '0x10d3'), absent])).toMatchObject({ used: false });
});

test('a snapshot that was made after the recording began is not used, where clocks can show it', () => {
  const late = [told(DEVICE, '0x10d3', 60_000_000_000n), released()];
  expect(trust(late)).toMatchObject({ used: false, paths: ['time'] });
  expect(trust(late, 'unknown')).toMatchObject({ used: false });
  expect(trust(late, 'x86-tsc')).toMatchObject({ used: true });
  expect(trust([told(DEVICE, '0x10d3'), released(4_900_000_000n)])).toMatchObject({ used: true });
});
