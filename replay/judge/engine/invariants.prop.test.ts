/**
 * Goal: what always holds in a kernel holds in the machine after every event of a legal recording,
 * and an event that breaks it is a divergence.
 * Method: random legal sequences of what drivers and users do, written as a kernel would record
 * them; one invariant per test. Those of configuration space and of DMA mappings are tested with
 * their models (access.prop.test.ts, type1.prop.test.ts).
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';
import type { ContainerKey } from '../../model/vfio/file-descriptors.js';
import { Replayer } from './replayer.js';

const DEVICES = ['0000:41:00.0', '0000:42:00.0'];
const DRIVERS = ['nouveau', 'nvidia'];

/** Two functions without a driver. */
const twoFunctions = (): KernelStory =>
  DEVICES.reduce((story, device) => story.device(device), new KernelStory());

/** A driver is tried by hand; what is open of it is closed by `ends`, innermost first. */
function probe(story: KernelStory, device: string, driver: string, tid: number) {
  const row = { device, driver, tid };
  const match = story.begin({ kind: 'match', name: '__driver_probe_device', ...row });
  const really = story.begin({ kind: 'probe', name: 'really_probe', ...row });
  const bus = story.begin({ kind: 'probe', name: 'pci_device_probe', ...row });
  return { ends: [bus, really, match].map((span) => () => story.end(span, 0)) };
}

function replayed(story: KernelStory): Replayer {
  const replayer = new Replayer({ kernel: story.release });
  for (const batch of story.trace().read()) replayer.feed(batch);
  return replayer;
}

const step = fc.record({
  device: fc.constantFrom(...DEVICES),
  driver: fc.constantFrom(...DRIVERS),
  tid: fc.integer({ min: 1, max: 3 }),
});
const steps = fc.array(step, { minLength: 1, maxLength: 12 });

/** Binds what is free and releases what is bound. @returns who has which device at the end */
function act(
  kernel: KernelStory,
  actions: readonly { device: string; driver: string; tid: number }[],
) {
  const owners = new Map<string, string>();
  for (const { device, driver, tid } of actions) {
    const owner = owners.get(device);
    if (owner === undefined) kernel.attempt(driver, device, 0, 0, tid);
    else kernel.unbind(device, owner, tid);
    if (owner === undefined) owners.set(device, driver);
    else owners.delete(device);
  }
  return owners;
}

const divergences = (kernel: KernelStory) => kernel.replay().divergences;

describe('a device has at most one driver', () => {
  test('and the machine knows which, after every legal sequence', () => {
    fc.assert(
      fc.property(steps, (actions) => {
        const kernel = twoFunctions();
        const owners = act(kernel, actions);
        const { divergences: found, finalState } = kernel.replay();
        expect(found).toEqual([]);
        for (const device of DEVICES) {
          expect(finalState.devices[device].driver).toBe(owners.get(device) ?? null);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('so that a second one that probes is a divergence', () => {
    fc.assert(
      fc.property(steps, step, (actions, { driver, tid }) => {
        const kernel = twoFunctions();
        const owners = act(kernel, actions);
        const [owned] = owners.keys();
        fc.pre(owned !== undefined && actions.length > 0);
        // What only the snapshot told is confirmed by a first release.
        kernel.unbind(owned, owners.get(owned) ?? '');
        kernel.attempt('nouveau', owned, 0, 0);
        kernel.attempt(driver, owned, 0, 0, tid);
        expect(divergences(kernel).length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a device lock has one owner', () => {
  test('so that who probes while another does is a divergence', () => {
    fc.assert(
      fc.property(step, fc.integer({ min: 0, max: 1 }), ({ device, driver }, done) => {
        const kernel = twoFunctions();
        const first = probe(kernel, device, driver, 1);
        for (const end of first.ends.slice(0, done)) end();
        kernel.begin({ kind: 'match', name: '__driver_probe_device', device, driver, tid: 2 });
        const paths = divergences(kernel).map(({ path }) => path);
        expect(paths).toEqual([`${device}/lock`]);
      }),
      { numRuns: 20 },
    );
  });

  test('and probes of two devices do not wait for each other', () => {
    const kernel = twoFunctions();
    const [one, other] = DEVICES.map((device, i) => probe(kernel, device, DRIVERS[i], i + 1));
    for (const end of [...other.ends, ...one.ends]) end();
    expect(divergences(kernel)).toEqual([]);
  });
});

describe('closing', () => {
  const device = '0000:43:00.0';
  const facts = { driver: 'vfio-pci', vendor: '0x10de', device: '0x1', class: '0x0' };
  const resource = ['0x80000000 0x8000ffff 0x40200', ...Array(6).fill('0x0 0x0 0x0')];
  const PROCESS = 9 as ContainerKey;
  const GROUP = 7;
  const PAGE = 0x1000n;
  const RELEASED = { mappings: [], teardown: null };

  interface Use {
    readonly maps: readonly number[];
    readonly irqs: readonly number[];
    /** Pages of IOVA that are mapped, with those of them that the user unmaps again. */
    readonly dma: readonly number[];
    readonly unmapped: readonly number[];
    /** The group leaves its container by an ioctl, not by closing. */
    readonly unsets: boolean;
  }

  /**
   * A user who puts the group into a container, maps memory for DMA, opens the device by its group,
   * maps parts of it, sets interrupts up, and closes everything.
   */
  function use({ maps, irqs, dma, unmapped, unsets }: Use) {
    const kernel = twoFunctions();
    const known = { ...facts, iommu_group: String(GROUP), resource };
    kernel.device(device, known, { data: new Uint8Array(256) });
    const user = { tid: 9, pid: 9 };
    const row = { ...user, device };
    const call = (inner: EventRow, inside: () => void = () => {}, ret = 0) =>
      kernel.call(inner, ret, inside);
    const ioctl = (name: string, columns: Partial<EventRow> = {}, inside = () => {}, ret = 0) =>
      call({ kind: 'ioctl', name, path: 'vfio', ...user, ...columns }, inside, ret);
    const type1 = (name: string, words: readonly bigint[], inside: () => void) => {
      const data = new Uint8Array(BigUint64Array.from(words).buffer);
      ioctl(name, {}, () => ioctl(name, { path: 'kernel', data }, inside));
    };
    const run = (kind: 'dma.map' | 'dma.unmap', page: number) => {
      const place = { offset: BigInt(page) * PAGE, length: PAGE };
      kernel.point({ ...user, kind, name: kind.slice(4), ...place });
    };
    const group = { data: new Uint8Array(Int32Array.of(GROUP).buffer) };
    ioctl('VFIO_GET_API_VERSION');
    ioctl('VFIO_GROUP_SET_CONTAINER', group);
    ioctl('VFIO_SET_IOMMU', { offset: 1n });
    for (const page of dma) {
      const words = [32n | (3n << 32n), 0x10000n, BigInt(page) * PAGE, PAGE];
      type1('VFIO_IOMMU_MAP_DMA', words, () => run('dma.map', page));
    }
    for (const page of unmapped) {
      const words = [24n, BigInt(page) * PAGE, PAGE];
      type1('VFIO_IOMMU_UNMAP_DMA', words, () => run('dma.unmap', page));
    }
    const open = { ...row, kind: 'device.open', name: 'vfio_pci_core_enable' } as const;
    const enable = () =>
      call(open, () => call({ ...row, kind: 'reset', name: 'pci_try_reset_function' }));
    ioctl('VFIO_GROUP_GET_DEVICE_FD', group, enable, 21);
    for (const page of maps) {
      const start = 0x7f0000000000n + BigInt(page) * 0x1000n;
      const end = new Uint8Array(BigUint64Array.of(start + 0x1000n).buffer);
      const map = { path: 'vfio', offset: start, value: BigInt(page), data: end };
      call({ ...row, kind: 'mmap', name: 'vfio_pci_core_mmap', ...map });
    }
    for (const index of irqs) {
      const set = { path: 'kernel', region: index, offset: 0n, length: 1n, value: 0x24n };
      call({ ...row, kind: 'irq.set', name: 'vfio_pci_set_irqs_ioctl', ...set });
    }
    const opened = replayed(kernel);
    kernel.point({ ...row, kind: 'device.close', name: 'vfio_pci_core_disable' });
    const left = dma.filter((page) => !unmapped.includes(page)).toSorted((a, b) => a - b);
    const unmapAll = () => {
      for (const page of left) run('dma.unmap', page);
    };
    if (unsets) ioctl('VFIO_GROUP_UNSET_CONTAINER', group, unmapAll);
    else unmapAll();
    return { opened, closed: replayed(kernel), left };
  }

  const page = fc.integer({ min: 0, max: 15 });
  const pages = fc.uniqueArray(page, { maxLength: 6 });
  const uses = fc
    .record({
      maps: pages,
      irqs: fc.array(fc.constant(4), { maxLength: 2 }),
      dma: fc.uniqueArray(page, { minLength: 1, maxLength: 6 }),
      unsets: fc.boolean(),
    })
    .chain((some) => fc.subarray(some.dma).map((unmapped): Use => ({ ...some, unmapped })));

  test('releases the device with its mappings and interrupts, and ends every call', () => {
    fc.assert(
      fc.property(uses, (some) => {
        const { opened, closed } = use(some);
        expect(closed.result().divergences).toEqual([]);
        const before = opened.result().finalState.devices[device].vfio;
        expect(before?.mappings).toHaveLength(some.maps.length);
        expect(closed.result().finalState.devices[device].vfio).toBe(null);
        expect([...closed.engine.vfio.calls.values()].flat()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('takes the device out of its group, and every DMA mapping out of the container', () => {
    const key = `${GROUP} of process 9`;
    fc.assert(
      fc.property(uses, (some) => {
        const { opened, closed, left } = use(some);
        expect(closed.result().divergences).toEqual([]);
        const { groups, containers } = opened.engine.vfio;
        expect(groups.get(key)).toMatchObject({ attached: true, devices: new Set([device]) });
        expect(containers.get(PROCESS)?.dma?.mappings).toHaveLength(left.length);
        const after = closed.engine.vfio;
        for (const { devices } of after.groups.values()) expect(devices.size).toBe(0);
        for (const { dma, teardown } of after.containers.values()) {
          expect({ mappings: dma?.mappings ?? [], teardown }).toEqual(RELEASED);
        }
        if (some.unsets) {
          expect(after.groups.get(key)?.attached).toBe(false);
          expect(after.containers.get(PROCESS)).toMatchObject({ groups: 0, iommu: false });
        }
      }),
      { numRuns: 40 },
    );
  });
});
