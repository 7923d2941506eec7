/**
 * Goal: a lane shows what happened, and whom it names did it. Method: a hand-made recording whose
 * lanes are known; a real recording against the log that the acting processes wrote of themselves.
 */
import { expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import { testData } from '../../tests/test-data.js';
import type { TraceReader } from '../../traces/index.js';
import { openTrustedSession } from '../index.js';
import { cellsOf, isEventful, type Lane, type Lanes, readLanes } from './index.js';

const VF = '0000:01:00.1';

async function lanesOf(reader: TraceReader): Promise<Lanes> {
  const session = await openTrustedSession([{ name: 't', reader }]);
  try {
    return await readLanes(session, reader);
  } finally {
    session.close();
  }
}

/** A VF is added with a native driver, unbound, taken for vfio-pci, held, and removed. */
const STORY: readonly EventRow[] = [
  { kind: 'sysfs.write', phase: 'begin', name: 'sriov_numvfs', text: '1\n', tid: 1, task: 'admin' },
  { kind: 'device.add', name: 'pci_device_add', device: VF, tid: 1, task: 'admin' },
  { kind: 'probe', phase: 'begin', name: 'really_probe', device: VF, driver: 'bad', tid: 1 },
  { kind: 'probe', phase: 'begin', name: 'pci_device_probe', device: VF, driver: 'bad', tid: 1 },
  { kind: 'probe', phase: 'end', span: 3, device: VF, driver: 'bad', tid: 1, ret: -22n },
  { kind: 'probe', phase: 'end', span: 2, device: VF, driver: 'bad', tid: 1, ret: -22n },
  { kind: 'bind', name: 'driver_bound', device: VF, driver: 'nvme', tid: 1, task: 'admin' },
  { kind: 'sysfs.write', phase: 'end', name: 'sriov_numvfs', span: 0, ret: 2n, tid: 1 },
  { kind: 'override', phase: 'begin', device: VF, text: 'vfio-pci\n', tid: 2, task: 'vmm' },
  { kind: 'override', phase: 'end', device: VF, span: 8, ret: 0n, tid: 2, task: 'vmm' },
  ...[{ kind: 'sysfs.write', phase: 'begin', name: 'unbind', driver: 'nvme' } as const].map(
    (row) => ({ ...row, device: VF, text: `${VF}\n`, tid: 2, task: 'vmm' }),
  ),
  {
    kind: 'unbind',
    name: 'device_unbind_cleanup',
    device: VF,
    driver: 'nvme',
    tid: 2,
    task: 'vmm',
  },
  { kind: 'sysfs.write', phase: 'end', name: 'unbind', span: 10, ret: 12n, tid: 2, task: 'vmm' },
  { kind: 'bind', name: 'driver_bound', device: VF, driver: 'vfio-pci', tid: 2, task: 'vmm' },
  { kind: 'lost', value: 7n, cpu: 3 },
  { kind: 'device.open', phase: 'end', device: VF, ret: 0n, tid: 2, task: 'vmm' },
  { kind: 'reset', phase: 'begin', name: 'pci_reset_function', device: VF, tid: 2, task: 'vmm' },
  { kind: 'reset', phase: 'begin', name: 'pcie_flr', device: VF, tid: 2, task: 'vmm' },
  { kind: 'reset', phase: 'end', device: VF, span: 17, ret: 0n, tid: 2 },
  { kind: 'reset', phase: 'end', device: VF, span: 16, ret: 0n, tid: 2 },
  { kind: 'device.close', device: VF, tid: 2, task: 'vmm' },
  { kind: 'device.remove', device: VF, tid: 1, task: 'admin' },
];

async function laneOfStory(): Promise<{ lanes: Lanes; lane: Lane }> {
  const lanes = await lanesOf(traceOf(STORY));
  return { lanes, lane: lanes.devices.find(({ device }) => device === VF)! };
}

test('a lane has the bindings with the tasks and the writes that made and ended them', async () => {
  const { lane } = await laneOfStory();
  const edges = lane.bars.map(({ driver, from, to }) => [
    driver,
    [from?.seq, from?.at, from?.task, from?.why],
    [to?.seq, to?.task, to?.why],
  ]);
  expect(edges).toEqual([
    ['nvme', [6, 6000, 'admin', 'sriov_numvfs=1'], [11, 'vmm', 'nvme/unbind']],
    ['vfio-pci', [13, 13_000, 'vmm', null], [21, 'admin', null]],
  ]);
});

test('a lane ends with its device: the override too', async () => {
  const { lane } = await laneOfStory();
  expect(lane.present.map(({ from, to }) => [from?.seq, from?.why, to?.seq])).toEqual([
    [1, 'sriov_numvfs=1', 21],
  ]);
  expect(lane.overrides).toMatchObject([{ driver: 'vfio-pci', from: { seq: 9 }, to: { seq: 21 } }]);
});

test('marks are the outermost of nested calls, and holds have their user', async () => {
  const { lane } = await laneOfStory();
  const own = lane.marks.filter(({ kind }) => kind !== 'race');
  expect(own.map(({ kind, seq, what }) => [kind, seq, what])).toEqual([
    ['failed probe', 2, 'probe of bad failed: -EINVAL'],
    ['override', 9, 'driver_override=vfio-pci'],
    ['reset', 16, 'pci_reset_function'],
  ]);
  expect(lane.holds).toMatchObject([{ from: { seq: 15, task: 'vmm' }, to: { seq: 20 } }]);
});

test('a loss is a band to its event, with the number of events lost', async () => {
  const { lanes } = await laneOfStory();
  expect(lanes.losses).toMatchObject([{ seq: 14, from: 14_000, to: 14_000, events: 7, cpu: 3 }]);
});

test('cells show the driver that was bound longest, and hide no short one', async () => {
  const { lane } = await laneOfStory();
  const cells = cellsOf(lane, { from: 0, to: 22_000 }, 22);
  const drivers = cells.map(({ exists, driver }) => (exists ? (driver ?? '-') : ' ').charAt(0));
  expect(drivers.join('')).toBe(' -----nnnnnn-vvvvvvvvv');
  const [cell] = cellsOf(lane, { from: 0, to: 22_000 }, 1);
  expect(cell).toMatchObject({ driver: 'vfio-pci', drivers: 2, held: true });
});

interface ActorLine {
  readonly op: string;
  readonly actor: string;
  readonly path?: string;
  readonly errno?: number;
}

test('each binding by a write is one that a process says it made', async () => {
  const reader = importedCapture('sriov-on-r1');
  const { devices } = await lanesOf(reader);
  reader.close();
  const lines = testData('captures/sriov-on-r1/actors.jsonl.zst')
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ActorLine);
  const made = lines.filter(({ path, errno }) => path?.endsWith('vfio-pci/bind') && errno === 0);
  const shown = devices.flatMap(({ bars }) =>
    bars.filter(({ from }) => from?.why === 'vfio-pci/bind'),
  );
  expect(shown.length).toBeGreaterThan(0);
  expect(shown.length).toBe(made.length);
  expect(shown.every(({ from }) => from?.task === 'vfr-overrider')).toBe(true);
});

test('a race is drawn while its device existed, and both of its sides point at each other', async () => {
  const reader = importedCapture('sriov-on-r1');
  const { devices, races } = await lanesOf(reader);
  reader.close();
  const marks = devices.flatMap((lane) =>
    lane.marks.filter(({ kind }) => kind === 'race').map((mark) => ({ lane, mark })),
  );
  expect(marks).toHaveLength(races.races.length * 2);
  for (const { lane, mark } of marks) {
    const here = lane.present.some(
      ({ from, to }) => (from?.at ?? 0) <= mark.at && mark.at <= (to?.at ?? Infinity),
    );
    expect([lane.device, mark.seq, here]).toEqual([lane.device, mark.seq, true]);
    expect(marks.some(({ mark: other }) => other.seq === mark.other)).toBe(true);
  }
  expect(devices.filter(isEventful).map(({ device }) => device)).toContain(VF);
});
