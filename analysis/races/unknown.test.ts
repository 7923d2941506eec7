/**
 * Goal: what a recording does not tell makes no race: the flag of a PF that was written before it,
 * probes that differ in number only, and writes that came too late. Nor does it make peace: a
 * recording without the events of binding is not said to have no races.
 * Method: recordings of real kernels with their beginning cut off, and traces written by hand.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importInput } from '../../recorder/index.js';
import { buildTrace, type EventRow, scratchFolder } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import { KernelStory } from '../../tests/kernel-story.js';
import { rowsOf, without } from '../../tests/rewrite.js';
import { testData } from '../../tests/test-data.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { type Race, type RaceReport, races } from './index.js';

const scratch = scratchFolder();

/** A recording of which a part of the lines is left, with or without its snapshot. */
function cut(capture: string, from: number, withSnapshot: boolean): RaceReport {
  const lines = testData(`captures/${capture}/trace.txt.zst`).toString('latin1').split('\n');
  const input = join(scratch, 'cut.txt');
  writeFileSync(input, lines.slice(Math.floor(lines.length * from)).join('\n'), 'latin1');
  const output = join(scratch, 'cut.arrows');
  const folder = join('tests/data/captures', capture, 'state-before');
  importInput({ input, output, ...(withSnapshot ? { snapshot: folder } : {}) });
  const reader = TraceReader.open(output);
  try {
    return races(reader);
  } finally {
    reader.close();
  }
}

describe('a recording that began after the flag was switched off', () => {
  test.each([
    [1 / 3, false],
    [1 / 3, true],
    [1 / 2, false],
    [1 / 2, true],
  ])('races of a recording from event %d on, snapshot %s, are left open', (from, withSnapshot) => {
    const { races: found, untold } = cut('sriov-off-r1', from, withSnapshot);
    expect(found).toEqual([]);
    expect(untold.length).toBeGreaterThan(0);
    for (const { reason } of untold) expect(reason).toMatch(/sriov_drivers_autoprobe/);
  });

  test('the autoprobe flag is known again after a write', () => {
    expect(cut('sriov-off-r1', 0, false)).toMatchObject({ races: [], untold: [] });
  });
});

test('the autoprobe flag without its writes is known only where all writes are recorded', () => {
  const reader = importedCapture('many-writers-r2');
  const rows = rowsOf(reader);
  const isWrite = (_: number, { name }: EventRow) => name === 'sriov_drivers_autoprobe';
  const kernel = reader.meta.kernel as string;
  const untold = (notes: Readonly<Record<string, string>>) =>
    races(without(rows, isWrite, false, { kernel, notes })).untold.length;
  expect(untold({})).toBeGreaterThan(0);
  expect(untold({ 'probe groups': 'binding' })).toBe(0);
  reader.close();
});

test.each([
  'sriov-on-r1',
  'sriov-tracecmd-r1',
])('%s: drivers that ran show that the flag was on', (capture) => {
  const whole = cut(capture, 0, true).races;
  const rest = cut(capture, 1 / 2, false);
  expect(rest.untold).toEqual([]);
  // The same races as in that part of the whole, told by the same actors and distances.
  const key = ({ device, windowNs, second }: Race) => `${device} ${windowNs} ${second.ts}`;
  const all = new Set(whole.map(key));
  expect(rest.races.length).toBeGreaterThan(3);
  for (const race of rest.races) expect(all.has(key(race)), key(race)).toBe(true);
});

describe('in recordings of real kernels', () => {
  const captures = ['sriov-on-r1', 'sriov-tracecmd-r1', 'k612-sriov-on-r1', 'udev-r1'];
  const found = new Map(captures.map((name) => [name, races(importedCapture(name)).races]));

  test.each(captures)('%s: no two outcomes differ only in how often a driver probed', (name) => {
    const uncounted = (text: string) => text.replaceAll(/ \d+ times/g, '');
    for (const { outcome } of found.get(name) ?? []) {
      const [recorded, other] = outcome.split('; in the other order: ');
      expect(uncounted(recorded)).not.toBe(uncounted(other));
    }
  });

  test('nvme is not said to keep VFs that it gave up each time', () => {
    const outcomes = (found.get('sriov-on-r1') ?? []).map(({ outcome }) => outcome);
    const others = outcomes.map((text) => text.split('; in the other order: ')[1]);
    expect(others.filter((text) => text.includes('finally nvme'))).toEqual([]);
    expect(others.join()).toMatch(/nvme gave the device up by itself in 25 of 25 lives/);
  });

  test('what had returned long before a driver gave the device up is no race with that', () => {
    for (const { class: name, windowNs } of found.get('sriov-on-r1') ?? []) {
      if (name === 'R7') expect(windowNs).toBeLessThan(100_000_000n);
    }
  });
});

const PF = '0000:01:00.0';
const VF = '0000:01:00.1';
const ids = Uint8Array.from(Buffer.from('361b00001000000002080100', 'hex'));

/** Two programs and a VF; whoever writes does so at once. */
class Recording {
  readonly rows: EventRow[] = [];
  #now = 1_000_000_000n;

  add(row: EventRow, afterNs = 1_000_000n): this {
    this.#now += afterNs;
    this.rows.push({ ts: this.#now, ...row });
    return this;
  }

  pair(row: EventRow, ret: number, inside: () => void = () => {}): this {
    const span = this.rows.length;
    this.add({ ...row, phase: 'begin' });
    inside();
    return this.add({ ...row, phase: 'end', span, ret: BigInt(ret) });
  }

  store(
    name: string,
    text: string,
    tid: number,
    more: object,
    ret = text.length,
    inside?: () => void,
  ): this {
    const length = BigInt(text.length);
    const row = { path: 'sysfs', name, text, length, tid, task: `t${tid}`, ...more };
    return this.pair({ kind: 'sysfs.write', ...row }, ret, inside);
  }

  pf(autoprobe: string): this {
    const text = JSON.stringify({
      ...{ vendor: '0x1b36', device: '0x0010', class: '0x010802', driver: 'nvme' },
      ...{ sriov_totalvfs: '4', sriov_numvfs: '0', sriov_drivers_autoprobe: autoprobe },
    });
    return this.add({ kind: 'snapshot', name: 'start', device: PF, driver: 'nvme', text });
  }

  /** The VF comes, and nvme is tried on it. */
  vf(probed: number | null): this {
    const by = { tid: 1, task: 'admin' };
    return this.pair(
      { kind: 'vf.add', name: 'pci_iov_add_virtfn', device: PF, value: 0n, ...by },
      0,
      () => {
        this.add({ kind: 'device.add', name: 'pci_device_add', device: VF, data: ids, ...by });
        this.add({ kind: 'device.add', name: 'pci_bus_add_device', device: VF, ...by });
        if (probed !== null) this.attempt('nvme', probed, by);
      },
    );
  }

  attempt(driver: string, ret: number, by: object): this {
    const row = { device: VF, driver, ...by };
    return this.pair({ kind: 'match', name: '__driver_probe_device', ...row }, -ret, () => {
      this.pair({ kind: 'probe', name: 'really_probe', ...row }, -ret, () => {
        this.pair({ kind: 'probe', name: 'pci_device_probe', ...row }, ret);
      });
    });
  }

  get report(): RaceReport {
    return races(new TraceReader(new MemorySource(buildTrace(this.rows))));
  }
}

const pairs = ({ races: found }: RaceReport) =>
  found.map(({ class: name, first, second }) => `${name}: ${first.what}, ${second.what}`);

describe('the flag', () => {
  const set = `echo vfio-pci > devices/${VF}/driver_override`;
  const raced = [`R1: the kernel made the device and tried its drivers, ${set}`];
  const override = (recording: Recording) =>
    recording.store('driver_override', 'vfio-pci\n', 2, { device: VF });
  /** The right way: set the override, then ask for a probe. */
  const adopt = (recording: Recording) =>
    override(recording).store('drivers_probe', VF, 2, { device: VF }, VF.length, () => {
      recording.attempt('vfio-pci', 0, { tid: 2, task: 't2' });
    });
  const write = (text: string, ret: number, refused: boolean) =>
    (refused ? adopt : override)(
      new Recording()
        .pf('1')
        .store('sriov_drivers_autoprobe', text, 1, { device: PF }, ret)
        .vf(refused ? -19 : 0),
    );

  test.each([
    '0\n',
    'f\n',
    'off',
    'No',
    'disable',
  ])('the autoprobe flag is off after %j', (text) => {
    expect(pairs(write(text, text.length, true).report)).toEqual([]);
  });

  test.each(['1\n', 'true', 'ON', 'yes', 'enable'])('the autoprobe flag is on after %j', (text) => {
    expect(pairs(write(text, text.length, false).report)).toEqual(raced);
  });

  test('the autoprobe flag stays as it was when the write failed', () => {
    expect(pairs(write('2\n', -22, false).report)).toEqual(raced);
    const off = new Recording()
      .pf('0')
      .store('sriov_drivers_autoprobe', '2\n', 1, { device: PF }, -22);
    expect(pairs(adopt(off.vf(-19)).report)).toEqual([]);
  });

  test('the autoprobe flag of a snapshot is not believed when a VF was refused and nothing says by whom', () => {
    const { races: found, untold } = adopt(new Recording().pf('1').vf(-19)).report;
    expect(found).toEqual([]);
    expect(untold).toMatchObject([{ device: VF, class: 'R1' }]);
    expect(untold[0]).not.toHaveProperty('advice');
  });
});

test('an override that was begun after the removal had started is too late to race', () => {
  const by = { tid: 1, task: 'admin' };
  const recording = new Recording().pf('1').vf(0);
  recording.add({
    kind: 'device.remove',
    name: 'pci_stop_and_remove_bus_device',
    device: VF,
    ...by,
  });
  recording.store('driver_override', 'vfio-pci\n', 2, { device: VF });
  expect(pairs(recording.report)).toEqual([]);
});

test('a recording without the events of binding is not said to have no races', () => {
  const read: EventRow = { kind: 'config.read', device: VF, name: 'pci_bus_read_config_dword' };
  const { unrecorded } = new Recording().add(read).report;
  expect(unrecorded).toHaveLength(2);
  expect(new Recording().pf('1').vf(0).report.unrecorded).toHaveLength(1);
});

test('whoever unbinds a driver that was bound from the beginning may come first', () => {
  const device = '0000:01:00.0';
  const story = new KernelStory()
    .device(device, { driver: 'vfio-pci', driver_override: 'vfio-pci' })
    .store('drivers_probe', device, device.length, { device, tid: 1 });
  story.store('unbind', device, device.length, { device, driver: 'vfio-pci', tid: 2 }, () =>
    story.unbind(device, 'vfio-pci', 2),
  );
  expect(races(story.trace()).races).toMatchObject([
    {
      device,
      first: { actor: { tid: 1 } },
      second: { actor: { tid: 2 } },
      drivers: { recorded: null, other: 'vfio-pci' },
    },
  ]);
});
