/**
 * Goal: recordings of VFIO users on real kernels are predicted whole: every result, every physical
 * access, every fault; and what is closed leaves nothing behind.
 * Method: recordings of three kernels; the kernel's own events are the reference.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { importedCapture } from '../../../tests/captures.js';
import { type Counts, Replayer } from '../../index.js';

const CAPTURES = [
  'vfio-client-r1',
  'k612-vfio-client-r1',
  'k612.74-vfio-client-r1',
  'nested-linux-r1',
  'dma-fault-r1',
];
const readers = new Map(CAPTURES.map((name) => [name, importedCapture(name)]));
afterAll(() => {
  for (const reader of readers.values()) reader.close();
});

/** Replays a capture. */
function run(name: string) {
  const reader = readers.get(name);
  const replayer = new Replayer({ kernel: reader?.meta.kernel });
  for (const batch of reader?.read() ?? []) replayer.feed(batch);
  return replayer;
}

/** Kinds of which no response may be without a prediction. */
const KINDS = [
  'ioctl',
  'config.read',
  'config.write',
  'region.read',
  'region.write',
  'munmap',
  'fault.page',
  'dma.map',
  'dma.unmap',
  'irq.set',
  'device.open',
  'device.close',
  'reset',
  'power',
];

describe.each(CAPTURES)('%s', (name) => {
  const replayer = run(name);
  const { kinds, divergences } = replayer.result();

  test('a recording of a VFIO user has no divergence', () => {
    expect(divergences).toEqual([]);
  });

  test('every response of VFIO is predicted', () => {
    for (const kind of KINDS) {
      const counts: Counts | undefined = kinds[kind];
      if (counts === undefined) continue;
      const { matched, diverged, unmodelled, unknown } = counts;
      expect(matched, kind).toBeGreaterThan(0);
      expect({ diverged, unmodelled, unknown }, kind).toEqual({
        diverged: 0,
        unmodelled: 0,
        unknown: 0,
      });
    }
  });

  test('closing releases everything', () => {
    const { vfio } = replayer.engine;
    expect([...vfio.functions.values()].filter((fn) => fn.open !== 'closed')).toEqual([]);
    expect([...vfio.calls.values()].flat()).toEqual([]);
    for (const group of vfio.groups.values()) expect([...group.devices]).toEqual([]);
    for (const container of vfio.containers.values()) {
      expect(container.dma?.mappings ?? []).toEqual([]);
    }
  });
});
