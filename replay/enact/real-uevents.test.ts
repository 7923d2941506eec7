/**
 * Goal: the kernel that runs sends the uevents that a real kernel sent, in their order for each
 * object.
 * Method: udev-r1 is run again by its recorded order of steps; `udevadm monitor` had heard the
 * kernel's uevents in that recording.
 */
import { expect, test } from 'vitest';
import { importedCapture } from '../../tests/captures.js';
import { testData } from '../../tests/test-data.js';
import { boot, type Recorder, type SentUevent, World } from '../kernel/index.js';
import { RunReader } from './index.js';

const LIMITS = { events: 1e6, operations: 1e5, steps: 50_000 };
const ignore = (): void => undefined;

/** A recorder that hears uevents alone. */
const listener = (heard: (uevent: SentUevent) => void): Recorder => ({
  begin: ignore,
  beginStore: ignore,
  beginRead: ignore,
  beginDriver: ignore,
  end: ignore,
  point: ignore,
  runtime: ignore,
  added: ignore,
  hearsUevents: true,
  uevent: (_, uevent) => heard(uevent),
  beginCall: ignore,
  endCall: ignore,
  pointCall: ignore,
});

/** Uevents of each object, in their order. */
type Uevents = Record<string, string[]>;

function note(all: Uevents, object: string, uevent: string): void {
  all[object] ??= [];
  all[object].push(uevent);
}

function sentByRun(): Uevents {
  const capture = importedCapture('udev-r1');
  const reader = new RunReader(LIMITS);
  for (const batch of capture.read()) reader.add(batch);
  const run = reader.run(capture.meta.kernel ?? 'unknown');
  if (typeof run === 'string') throw new Error(`there is no run: ${run}`);
  const sent: Uevents = {};
  const recorder = listener(({ action, subsystem, device, group }) =>
    note(sent, device ?? `group ${group}`, `${action} ${subsystem}`),
  );
  const k = boot(new World(run.spec), recorder);
  for (const thread of run.schedule) k.step(thread);
  return sent;
}

const LINE =
  /^KERNEL\[[\d.]+\] (\w+) +\S*\/([0-9a-f:.]{12}|vfio)(?:\/vfio-dev\/vfio\d+|\/(\d+))? \((\S+)\)$/;

/** What the real kernel sent of functions, devices of VFIO and groups. */
function sentByKernel(): Uevents {
  const heard: Uevents = {};
  for (const line of testData('captures/udev-r1/uevents.txt.zst').toString().split('\n')) {
    const [, action, device, group, subsystem = ''] = LINE.exec(line) ?? [];
    if (!['pci', 'vfio', 'vfio-dev'].includes(subsystem)) continue;
    note(heard, group === undefined ? device : `group ${group}`, `${action} ${subsystem}`);
  }
  return heard;
}

test('every uevent that a real kernel sent is sent again, object by object', () => {
  const heard = sentByKernel();
  expect(Object.values(heard).flat().length).toBe(433);
  expect(sentByRun()).toEqual(heard);
});
