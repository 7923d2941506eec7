/**
 * Goal: what a variant of vfio-pci serves itself is judged by its own hooks.
 * Method: recordings built by hand of a GPU of nvgrace-gpu with 96 GiB; one answer of each is wrong.
 */
import { describe, expect, test, vi } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';
import { driverModel } from '../../model/drivers/index.js';

const device = '0009:01:00.0';
const GIB = 2 ** 30;
const EINVAL = -22;

const facts = {
  driver: 'nvgrace_gpu_vfio_pci',
  vendor: '0x10de',
  device: '0x2342',
  class: '0x030200',
  resource: Array(13).fill('0x0000000000000000 0x0000000000000000 0x0000000000000000'),
  properties: { 'nvidia,gpu-mem-base-pa': 2 ** 42, 'nvidia,gpu-mem-size': 96 * GIB },
};

class Recording extends KernelStory {
  constructor(own: Readonly<Record<string, unknown>> = facts) {
    super('6.12.0');
    this.device(device, own, { data: new Uint8Array(256) });
    this.#call({ kind: 'device.open', name: 'vfio_pci_core_enable' }, 0, () =>
      this.#call({ kind: 'reset', name: 'pci_try_reset_function' }, 0),
    );
  }

  #call(row: EventRow, ret: number, inside?: () => void): this {
    return this.call({ tid: 7, device, ...row }, ret, inside);
  }

  /** @param value that the user got */
  read(region: number, offset: number, count: number, ret: number, value?: number): this {
    const where = { region, offset: BigInt(offset), length: BigInt(count) };
    const row = { kind: 'region.read', path: 'vfio', name: 'nvgrace_gpu_read', ...where } as const;
    this.#call(row, ret);
    if (value !== undefined) Object.assign(this.rows.at(-1)!, { value: BigInt(value) });
    return this;
  }

  write(region: number, offset: number, count: number, ret: number, value: number): this {
    const where = { region, offset: BigInt(offset), length: BigInt(count), value: BigInt(value) };
    const row = { kind: 'region.write', path: 'vfio', name: 'nvgrace_gpu_write' } as const;
    return this.#call({ ...row, ...where }, ret);
  }

  /** A read of configuration space, which the core serves first. */
  readConfig(offset: number, core: number, value: number): this {
    const where = { region: 7, offset: BigInt(offset), length: 4n };
    const door = { kind: 'region.read', path: 'vfio', name: 'nvgrace_gpu_read', ...where } as const;
    const given = (v: number) => Object.assign(this.rows.at(-1)!, { value: BigInt(v) });
    this.#call(door, 4, () => {
      this.#call({ ...door, name: 'vfio_pci_rw' }, 4, () => {
        this.#call({ ...door, kind: 'config.read', name: 'vfio_pci_config_rw' }, 4);
        given(core);
      });
      given(core);
    });
    given(value);
    return this;
  }

  map(offset: number, length: number, ret: number): this {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigUint64(0, 0x7f00_0000_0000n + BigInt(length), true);
    const value = 4n * 2n ** 28n + BigInt(offset / 4096);
    const row = { kind: 'mmap', path: 'vfio', name: 'nvgrace_gpu_mmap', region: 4, value } as const;
    return this.#call({ ...row, offset: 0x7f00_0000_0000n, data }, ret);
  }

  ioctl(name: string, number: bigint, ret: number): this {
    const row = { kind: 'ioctl', path: 'vfio', name, value: number, offset: 4096n } as const;
    return this.#call({ ...row, data: new Uint8Array(12).fill(1) }, ret);
  }
}

describe('memory of a GPU of nvgrace-gpu', () => {
  test('nvgrace-gpu/memory-off: what the driver serves itself is judged by its model', () => {
    const { divergences, kinds } = new Recording()
      .read(4, 95 * GIB, 4, 4, 0xffff_ffff)
      .read(4, 128 * GIB, 4, EINVAL)
      .write(4, 0, 4, 4, 1)
      .ioctl('VFIO_DEVICE_IOEVENTFD', 0x3b74n, -25)
      .replay();
    expect(divergences).toEqual([]);
    expect(kinds['region.read']).toMatchObject({ matched: 2, unknown: 0, unmodelled: 0 });
    expect(kinds['region.write']).toMatchObject({ matched: 1, unknown: 0 });
    expect(kinds.ioctl).toMatchObject({ matched: 1, unknown: 0 });
  });

  test('memory of a GPU past its end that does not read as ones is a divergence', () => {
    const { divergences } = new Recording().read(4, 95 * GIB, 4, 4, 0xffff_00ff).replay();
    expect(divergences).toMatchObject([{ expected: '0xff', actual: '0x0' }]);
  });

  test('an access of the GPU past its BAR that succeeds is a divergence', () => {
    const { divergences } = new Recording().read(4, 128 * GIB, 4, 4).replay();
    expect(divergences).toMatchObject([{ expected: '-EINVAL', actual: '4' }]);
  });

  test('nvgrace-gpu/mmap-at-once: a fault in the memory of a GPU is a divergence', () => {
    const good = new Recording()
      .map(0, 0x1000, 0)
      .map(95 * GIB, 0x1000, EINVAL)
      .replay();
    expect(good.divergences).toEqual([]);
    expect(good.kinds.mmap).toMatchObject({ matched: 2, unknown: 0 });
    const bad = new Recording().map(95 * GIB, 0x1000, 0).replay();
    expect(bad.divergences).toMatchObject([{ expected: '-EINVAL', actual: '0' }]);
  });
});

describe('registers of fake BARs in a recording', () => {
  const SIZED = 0x0000_000c;

  test('what the driver puts over the value of the core is expected', () => {
    const { divergences, kinds } = new Recording()
      .write(7, 0x20, 4, 4, 0xffff_ffff)
      .readConfig(0x20, 0, SIZED)
      .replay();
    expect(divergences).toEqual([]);
    expect(kinds['region.read'].unknown).toBe(0);
  });

  test('the value of the core alone is a divergence', () => {
    const { divergences } = new Recording().readConfig(0x20, 0, 0).replay();
    expect(divergences).toMatchObject([{ expected: '0xc', actual: '0x0' }]);
  });
});

test('nothing is predicted of nvgrace-gpu memory whose firmware properties are not recorded', () => {
  const { properties: _, ...rest } = facts;
  const { divergences, kinds } = new Recording(rest).read(4, 128 * GIB, 4, 4).replay();
  expect(divergences).toEqual([]);
  expect(kinds['region.read']).toMatchObject({ unknown: 1 });
});

test('a driver that needs no properties is judged where a recording has none', () => {
  const { properties: _, ...rest } = facts;
  const { variant } = driverModel('nvgrace_gpu_vfio_pci');
  const without = new Recording(rest).read(4, 128 * GIB, 4, 4);
  vi.spyOn(variant!, 'probe').mockImplementation(() => ({}));
  vi.spyOn(variant!, 'open').mockImplementation((own) => own);
  vi.spyOn(variant!, 'read').mockImplementation(() => ({ by: 'driver', ret: EINVAL }));
  Object.assign(variant!, { needsNoProperties: true });
  try {
    expect(without.replay().divergences).toMatchObject([{ expected: '-EINVAL', actual: '4' }]);
  } finally {
    Object.assign(variant!, { needsNoProperties: undefined });
    vi.restoreAllMocks();
  }
});
