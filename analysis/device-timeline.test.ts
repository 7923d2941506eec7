/**
 * Goal: the state of a device at any event is that which a replay up to there ends with.
 * Method: a shipped recording; at every 1500th event the timeline against `replay` with `until`.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importInput } from '../recorder/index.js';
import { replay } from '../replay/index.js';
import { type EventRow, traceOf } from '../tests/build-trace.js';
import { importedCapture } from '../tests/captures.js';
import { rowsOf, without } from '../tests/rewrite.js';
import { scratchFolder } from '../tests/scratch.js';
import { TraceReader } from '../traces/index.js';
import { DeviceTimeline } from './device-timeline.js';

const folder = scratchFolder();

const STEP = 1500;

test('a device that was removed is absent, one that is merely named is not known', () => {
  const rows: EventRow[] = [
    { kind: 'device.request', device: '0000:75:00.1' },
    { kind: 'unbind', name: 'device_unbind_cleanup', device: '0000:75:00.2', driver: 'nvme' },
    { kind: 'device.add', name: 'pci_device_add', device: '0000:01:00.1' },
    { kind: 'device.remove', name: 'pci_stop_and_remove_bus_device', device: '0000:01:00.1' },
    { kind: 'vf.remove', device: '0000:01:00.1' },
  ];
  const reader = traceOf(rows);
  const timeline = new DeviceTimeline(reader.meta);
  for (const batch of reader.read()) timeline.feed(batch);
  expect(timeline.stateAt('0000:75:00.1', 0)).toBeNull();
  expect(timeline.stateAt('0000:75:00.2', 0)).toBeNull();
  expect(timeline.stateAt('0000:01:00.1', 2)).toMatchObject({ driver: null });
});

test('the timeline agrees with replays that stop there', () => {
  const capture = 'tests/data/captures/sriov-on-r1';
  const output = join(folder, 'capture.arrows');
  importInput({ input: `${capture}/trace.txt.zst`, snapshot: `${capture}/state-before`, output });
  const reader = TraceReader.open(output);
  const timeline = new DeviceTimeline(reader.meta);
  for (const batch of reader.read()) timeline.feed(batch);
  for (let until = STEP; until < reader.events; until += STEP) {
    const { finalState } = replay(reader.read(), { kernel: reader.meta.kernel, until });
    for (const [address, { vfio: _, ...binding }] of Object.entries(finalState.devices)) {
      expect([until, timeline.stateAt(address, until - 1)]).toEqual([until, { ...binding }]);
    }
  }
  expect(timeline.stateAt('0000:01:00.1', reader.events)).toBeUndefined();
  expect(timeline.stateAt('ffff:00:00.0', 0)).toBeNull();
  reader.close();
});

test.each([
  ['says that writes are recorded', { 'probe groups': 'binding' }, 'nobody asked for this'],
  ['says nothing of that', {}, undefined],
])('a flag that changed without a write, where the recording %s', (_, notes, told) => {
  const reader = importedCapture('many-writers-r2');
  const { kernel } = reader.meta;
  const isWrite = (_: number, { name }: EventRow) => name === 'sriov_drivers_autoprobe';
  const left = without(rowsOf(reader), isWrite, false, { ...(kernel && { kernel }), notes });
  const timeline = new DeviceTimeline(left.meta);
  for (const batch of left.read()) timeline.feed(batch);
  expect(timeline.divergences()[0]?.actual).toBe(told);
  reader.close();
});
