/**
 * Goal: a DMA that was refused is held against the mappings of the device's container, a bus error
 * against the memory of the device; what the recording does not tell is unknown.
 * Method: recordings built by hand after uapi vfio.h and the messages of VT-d and SMMUv3: a container,
 * a group, one mapping, and faults in and beside it.
 */
import { describe, expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';

const device = '0000:41:00.0';
const GROUP = 7;
const SECOND = 1_000_000_000n;

class User extends KernelStory {
  constructor(driver = 'vfio-pci') {
    super();
    this.device(device, { driver, iommu_group: String(GROUP) });
  }

  #ioctl(row: Omit<EventRow, 'kind'>, inside?: () => void): this {
    return this.call({ kind: 'ioctl', path: 'vfio', pid: 5, tid: 5, ...row }, 0, inside);
  }

  /** A container with one group, whose mapping is at 1 MiB and only to be read. */
  map(): this {
    const group = new Uint8Array(Int32Array.of(GROUP).buffer);
    const data = new Uint8Array(32);
    const view = new DataView(data.buffer);
    view.setUint32(0, 32, true);
    view.setUint32(4, 1, true);
    view.setBigUint64(16, 0x100000n, true);
    view.setBigUint64(24, 0x2000n, true);
    const name = 'VFIO_IOMMU_MAP_DMA';
    this.#ioctl({ name: 'VFIO_GET_API_VERSION' });
    this.#ioctl({ name: 'VFIO_GROUP_SET_CONTAINER', data: group });
    this.#ioctl({ name: 'VFIO_SET_IOMMU', offset: 3n });
    return this.#ioctl({ name }, () => this.#ioctl({ name, data, path: 'kernel' }));
  }

  fault(name: string, offset: bigint, value: bigint, after = 2n * SECOND): this {
    const row = { device, offset, value, pid: 5, tid: 5 };
    return this.after(after).point({ kind: 'fault.dma', name, ...row });
  }

  get verdicts() {
    const { kinds, divergences } = this.replay();
    return { ...kinds['fault.dma'], actual: divergences.map((d) => d.actual) };
  }
}

describe('a DMA that was refused', () => {
  test('a DMA that was refused where nothing is mapped, or not for writing, had to be', () => {
    const user = new User().map();
    user.fault('DMAR DMA Read', 0x102000n, 6n).fault('DMAR DMA Write', 0x101ff8n, 5n);
    user.fault('io_page_fault', 0x100000n, 1n);
    expect(user.verdicts).toMatchObject({ matched: 3, diverged: 0, unknown: 0 });
  });

  test('a DMA that an SMMU refused is judged by the way that it went', () => {
    const user = new User().map();
    user.fault('SMMU F_TRANSLATION write', 0x102000n, 16n);
    user.fault('SMMU F_PERMISSION write', 0x100000n, 19n);
    user.fault('SMMU F_PERMISSION read', 0x100000n, 19n);
    user.fault('SMMU F_ADDR_SIZE read', 0x100000n, 17n);
    expect(user.verdicts).toMatchObject({ matched: 2, diverged: 1, unknown: 1 });
  });

  test('a DMA that was refused where it is mapped for it is a divergence', () => {
    const user = new User().map().fault('DMAR DMA Read', 0x101000n, 6n);
    expect(user.verdicts).toMatchObject({ diverged: 1, actual: ['a fault at 0x101000'] });
  });

  test('a DMA that was refused is not judged where the mapping may be younger than the fault, or may be gone', () => {
    const early = new User().map().fault('DMAR DMA Read', 0x101000n, 6n, 0n);
    expect(early.verdicts).toMatchObject({ matched: 0, diverged: 0, unknown: 1 });
    const tables = new User().map().fault('DMAR DMA Read', 0x101000n, 2n);
    expect(tables.verdicts).toMatchObject({ matched: 0, diverged: 0, unknown: 1 });
  });

  test('a DMA that was refused of a native driver, whose mappings no event gives to a device, is unknown', () => {
    const native = new User('nvidia').map().fault('DMAR DMA Read', 0x101000n, 6n);
    expect(native.verdicts).toMatchObject({ matched: 0, diverged: 0, unknown: 1 });
  });
});
