/**
 * Goal: what always holds in a kernel holds in the machine after every event of a legal recording,
 * and an event that breaks it is a divergence.
 * Method: random legal sequences of what drivers and users do, written as a kernel would record
 * them; one invariant per test. Those of configuration space and of DMA mappings are tested with
 * their models (access.prop.test.ts, type1.prop.test.ts).
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { Replayer } from './replay.js';

const DEVICES = ['0000:41:00.0', '0000:42:00.0'];
const DRIVERS = ['nouveau', 'nvidia'];

/** Events as a kernel records them. */
class Kernel {
  readonly rows: EventRow[] = DEVICES.map((device) => ({
    kind: 'snapshot',
    name: 'start',
    device,
    text: JSON.stringify({ driver: null, vendor: '0x10de', device: '0x1', class: '0x030000' }),
  }));

  begin(row: EventRow): number {
    return this.rows.push({ ...row, phase: 'begin' }) - 1;
  }

  end(span: number, ret: number): void {
    this.rows.push({ ...this.rows[span], phase: 'end', span, ret: BigInt(ret) });
  }

  point(row: EventRow): void {
    this.rows.push(row);
  }

  /** A driver is tried by hand; what is open of it is closed by `ends`, innermost first. */
  probe(device: string, driver: string, tid: number): { readonly ends: (() => void)[] } {
    const row = { device, driver, tid };
    const match = this.begin({ kind: 'match', name: '__driver_probe_device', ...row });
    const really = this.begin({ kind: 'probe', name: 'really_probe', ...row });
    const bus = this.begin({ kind: 'probe', name: 'pci_device_probe', ...row });
    return { ends: [bus, really, match].map((span) => () => this.end(span, 0)) };
  }

  bind(device: string, driver: string, tid = 1): void {
    for (const end of this.probe(device, driver, tid).ends) end();
  }

  release(device: string, driver: string, tid = 1): void {
    const row = { kind: 'unbind', device, driver, tid } as const;
    const release = this.begin({ ...row, name: 'device_release_driver_internal' });
    this.point({ ...row, name: 'pci_device_remove' });
    this.point({ ...row, name: 'device_unbind_cleanup' });
    this.end(release, 0);
  }

  replay(observe: (replayer: Replayer) => void = () => {}) {
    const reader = new TraceReader(new MemorySource(buildTrace(this.rows)));
    const replayer = new Replayer({ kernel: '6.1.0', observe: () => observe(replayer) });
    for (const batch of reader.read()) replayer.feed(batch);
    return replayer;
  }
}

const step = fc.record({
  device: fc.constantFrom(...DEVICES),
  driver: fc.constantFrom(...DRIVERS),
  tid: fc.integer({ min: 1, max: 3 }),
});
const steps = fc.array(step, { minLength: 1, maxLength: 12 });

/** Binds what is free and releases what is bound. @returns who has which device at the end */
function act(kernel: Kernel, actions: readonly { device: string; driver: string; tid: number }[]) {
  const owners = new Map<string, string>();
  for (const { device, driver, tid } of actions) {
    const owner = owners.get(device);
    if (owner === undefined) kernel.bind(device, driver, tid);
    else kernel.release(device, owner, tid);
    if (owner === undefined) owners.set(device, driver);
    else owners.delete(device);
  }
  return owners;
}

const divergences = (kernel: Kernel) => kernel.replay().result().divergences;

describe('a device has at most one driver', () => {
  test('and the machine knows which, after every legal sequence', () => {
    fc.assert(
      fc.property(steps, (actions) => {
        const kernel = new Kernel();
        const owners = act(kernel, actions);
        const { divergences: found, finalState } = kernel.replay().result();
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
        const kernel = new Kernel();
        const owners = act(kernel, actions);
        const [owned] = owners.keys();
        fc.pre(owned !== undefined && actions.length > 0);
        // What only the snapshot told is confirmed by a first release.
        kernel.release(owned, owners.get(owned) ?? '');
        kernel.bind(owned, 'nouveau');
        kernel.bind(owned, driver, tid);
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
        const kernel = new Kernel();
        const first = kernel.probe(device, driver, 1);
        for (const end of first.ends.slice(0, done)) end();
        kernel.begin({ kind: 'match', name: '__driver_probe_device', device, driver, tid: 2 });
        const paths = divergences(kernel).map(({ path }) => path);
        expect(paths).toEqual([`${device}/lock`]);
      }),
      { numRuns: 20 },
    );
  });

  test('and probes of two devices do not wait for each other', () => {
    const kernel = new Kernel();
    const [one, other] = DEVICES.map((device, i) => kernel.probe(device, DRIVERS[i], i + 1));
    for (const end of [...other.ends, ...one.ends]) end();
    expect(divergences(kernel)).toEqual([]);
  });
});

describe('closing', () => {
  const device = '0000:43:00.0';
  const facts = { driver: 'vfio-pci', vendor: '0x10de', device: '0x1', class: '0x0' };
  const resource = ['0x80000000 0x8000ffff 0x40200', ...Array(6).fill('0x0 0x0 0x0')];

  /** A user who opens the device, maps parts of it, sets interrupts up, and closes it. */
  function use(maps: readonly number[], irqs: readonly number[]) {
    const kernel = new Kernel();
    const text = JSON.stringify({ ...facts, resource });
    const data = new Uint8Array(256);
    kernel.point({ kind: 'snapshot', name: 'start', device, driver: 'vfio-pci', text, data });
    const row = { device, tid: 9, pid: 9 };
    const call = (inner: EventRow, inside: () => void = () => {}) => {
      const span = kernel.begin({ ...row, ...inner });
      inside();
      kernel.end(span, 0);
    };
    const open = { kind: 'device.open', name: 'vfio_pci_core_enable' } as const;
    call(open, () => call({ kind: 'reset', name: 'pci_try_reset_function' }));
    for (const page of maps) {
      const start = 0x7f0000000000n + BigInt(page) * 0x1000n;
      const end = new Uint8Array(BigUint64Array.of(start + 0x1000n).buffer);
      const map = { path: 'vfio', offset: start, value: BigInt(page), data: end };
      call({ kind: 'mmap', name: 'vfio_pci_core_mmap', ...map });
    }
    for (const index of irqs) {
      const set = { path: 'kernel', region: index, offset: 0n, length: 1n, value: 0x24n };
      call({ kind: 'irq.set', name: 'vfio_pci_set_irqs_ioctl', ...set });
    }
    const opened = kernel.replay();
    kernel.point({ ...row, kind: 'device.close', name: 'vfio_pci_core_disable' });
    return { opened, closed: kernel.replay() };
  }

  test('releases the device with its mappings and interrupts, and ends every call', () => {
    const pages = fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { maxLength: 6 });
    fc.assert(
      fc.property(pages, fc.array(fc.constant(4), { maxLength: 2 }), (maps, irqs) => {
        const { opened, closed } = use(maps, irqs);
        expect(closed.result().divergences).toEqual([]);
        const before = opened.result().finalState.devices[device].vfio;
        expect(before?.mappings).toHaveLength(maps.length);
        expect(closed.result().finalState.devices[device].vfio).toBe(null);
        expect([...closed.engine.vfio.calls.values()].flat()).toEqual([]);
        for (const { devices } of closed.engine.vfio.groups.values()) expect(devices.size).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
