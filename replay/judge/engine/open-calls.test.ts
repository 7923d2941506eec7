/**
 * Goal: what is open stays bounded, and the outermost call is known, however many ends are missing.
 * Method: traces written by hand: one function within a write, whose ends were not recorded, and
 * many threads at one device.
 */
import { expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../../tests/build-trace.js';
import { Replayer } from '../../index.js';

const DEVICE = '0000:01:00.1';

function replayed(rows: readonly EventRow[]): Replayer {
  const replayer = new Replayer({});
  for (const batch of traceOf(rows).read()) {
    replayer.feed(batch);
  }
  return replayer;
}

const probe = (tid: number): EventRow => ({
  ...{ kind: 'probe', name: 'really_probe', phase: 'begin', device: DEVICE, driver: 'nvme', tid },
});
const config: EventRow = {
  ...{ kind: 'config.read', path: 'vfio', name: 'vfio_pci_config_rw', phase: 'begin' },
  ...{ device: DEVICE, region: 7, offset: 0n, length: 4n, tid: 7 },
};

test('a write is open after 10,000 probes on its thread of which no end was recorded', () => {
  const store: EventRow = { kind: 'sysfs.write', name: 'bind', text: `${DEVICE}\n`, tid: 7 };
  const write: EventRow = { ...store, path: 'sysfs', phase: 'begin', driver: 'nvme' };
  const probes = Array.from({ length: 10_000 }, () => probe(7));
  const { engine } = replayed([write, ...probes]);
  expect(engine.frames.inner(7, 'store')).not.toBeNull();
  const device = engine.machine.device(DEVICE);
  expect(engine.frames.allOnDevice(device).length).toBeLessThanOrEqual(64);
});

test('accesses without ends are bounded', () => {
  const { engine } = replayed(Array.from({ length: 10_000 }, () => config));
  expect(engine.vfio.calls.get(7)?.length ?? 0).toBeLessThanOrEqual(64);
});

test('threads without ends at one device are bounded', () => {
  const { engine } = replayed(Array.from({ length: 10_000 }, (_, i) => probe(i + 1)));
  const device = engine.machine.device(DEVICE);
  expect(engine.frames.allOnDevice(device).length).toBeLessThanOrEqual(256);
});
