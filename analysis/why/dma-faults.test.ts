/**
 * Goal: a DMA that the IOMMU refused is explained by what was mapped for the device, and by nothing
 * else: each form of the cause has its own words.
 * Method: recordings built by hand after uapi vfio.h and the messages of VT-d's driver: a container
 * with a group, mappings that come and go, and one fault.
 */
import { describe, expect, test } from 'vitest';
import type { EventRow } from '../../tests/build-trace.js';
import { KernelStory } from '../../tests/kernel-story.js';
import { Explainer, type Why } from './index.js';

const device = '0000:41:00.0';
const GROUP = 7;
const USER = { pid: 5, tid: 5, task: 'qemu' };
const FACTS = {
  ...{ driver: 'vfio-pci', vendor: '0x10de', device: '0x1', class: '0x0' },
  ...{ iommu_group: String(GROUP) },
  resource: ['0x80000000 0x8000ffff 0x40200', ...Array(6).fill('0x0 0x0 0x0')],
};
const [IOVA, SIZE] = [0x100000n, 0x2000n];
const [READ, WRITE] = [1, 2];
const SECOND = 1_000_000_000n;

class User extends KernelStory {
  constructor(facts: Readonly<Record<string, unknown>> = {}) {
    super();
    this.device(device, { ...FACTS, ...facts }, { data: new Uint8Array(256) });
  }

  #ioctl(row: Omit<EventRow, 'kind'>, inside?: () => void): this {
    return this.call({ kind: 'ioctl', path: 'vfio', ...USER, ...row }, 0, inside);
  }

  #dma(name: string, words: readonly number[], longs: readonly bigint[]): this {
    const data = new Uint8Array(8 + 8 * longs.length);
    const view = new DataView(data.buffer);
    for (const [i, word] of words.entries()) view.setUint32(4 * i, word, true);
    for (const [i, long] of longs.entries()) view.setBigUint64(8 + 8 * i, long, true);
    return this.#ioctl({ name }, () => this.#ioctl({ name, data, path: 'kernel' }));
  }

  container(): this {
    const group = new Uint8Array(Int32Array.of(GROUP).buffer);
    this.#ioctl({ name: 'VFIO_GET_API_VERSION' });
    this.#ioctl({ name: 'VFIO_GROUP_SET_CONTAINER', data: group });
    return this.#ioctl({ name: 'VFIO_SET_IOMMU', offset: 3n });
  }

  map(flags = READ | WRITE): this {
    return this.#dma('VFIO_IOMMU_MAP_DMA', [32, flags], [0n, IOVA, SIZE]);
  }

  unmap(): this {
    return this.#dma('VFIO_IOMMU_UNMAP_DMA', [24, 0], [IOVA, SIZE]);
  }

  open(): this {
    const enable = { kind: 'device.open', name: 'vfio_pci_core_enable', device, ...USER } as const;
    const reset = { kind: 'reset', name: 'pci_try_reset_function', device, ...USER } as const;
    return this.call(enable, 0, () => this.call(reset));
  }

  power(state: bigint): this {
    return this.point({ kind: 'power', name: 'pci_set_power_state', device, value: state });
  }

  whileReset(inside: () => void): this {
    return this.#ioctl({ name: 'VFIO_DEVICE_RESET', device }, inside);
  }

  /** VT-d reports a write of the device. */
  fault(offset: bigint, after = 2n * SECOND): this {
    const row = { kind: 'fault.dma', name: 'DMAR DMA Write', device, offset, value: 5n } as const;
    return this.after(after).point({ ...row, tid: 0, pid: 0, task: 'swapper' });
  }

  get why(): Why {
    const explainer = new Explainer(this.trace(), '6.1.0');
    const [why, ...more] = explainer.explain(explainer.links.faults);
    expect(more).toEqual([]);
    return why;
  }
}

const textOf = ({ chain }: Why): string =>
  chain.map(({ relation, text }) => `${relation}: ${text}`).join('\n');

describe('a DMA that the IOMMU refused', () => {
  test('a refused DMA to what was unmapped before says by whom, and how long before', () => {
    const { why } = new User().container().map().unmap().fault(IOVA);
    expect(why.known).toBe(true);
    expect(textOf(why)).toMatch(/rule: nothing is mapped at 0x100000/);
    expect(textOf(why)).toMatch(/state: .* is not mapped since 2 s before: qemu-5 .*UNMAP_DMA/);
  });

  test('a refused DMA to what was never mapped says since when that is known', () => {
    const { why } = new User().container().map().fault(0x900000n);
    expect(why.known).toBe(true);
    expect(textOf(why)).toMatch(/rule: nothing is mapped at 0x900000$/m);
    expect(textOf(why)).toMatch(
      /state: .*0x900000 was never mapped, from 2 s before on: .*SET_IOMMU/,
    );
  });

  test('a refused DMA past the end of a mapping names that mapping', () => {
    const { why } = new User()
      .container()
      .map()
      .fault(IOVA + SIZE);
    expect(textOf(why)).toMatch(/at 0x102000, just past the end of 0x100000 to 0x101fff$/m);
  });

  test('a refused write to a mapping that is only to be read says so', () => {
    const { why } = new User().container().map(READ).fault(IOVA);
    expect(textOf(why)).toMatch(/rule: 0x100000 to 0x101fff is mapped, but not for writing/);
  });

  test('a refused DMA of a device in D3hot says so', () => {
    const { why } = new User().container().map().open().power(3n).fault(0x900000n);
    expect(textOf(why)).toMatch(/nothing is mapped at 0x900000; the device is in D3hot$/m);
  });

  test('a refused DMA during a reset says so, and one after it does not', () => {
    const during = new User().container().map();
    during.whileReset(() => during.fault(0x900000n));
    expect(textOf(during.why)).toMatch(
      /nothing is mapped at 0x900000; the device is being reset$/m,
    );
    const { why } = new User()
      .container()
      .map()
      .whileReset(() => {})
      .fault(0x900000n);
    expect(textOf(why)).not.toContain('reset');
  });

  test.each([
    ['no driver has the device', new User({ driver: null }).fault(IOVA)],
    ['a driver of the kernel has the device', new User({ driver: 'nvme' }).fault(IOVA)],
    ['does not show the container', new User().fault(IOVA)],
    ['may be younger than the fault', new User().container().map().fault(IOVA, 1n)],
    ['which: .* not for writing; or .*younger', new User().container().map(READ).fault(IOVA, 1n)],
  ])('a refused DMA is not explained where %s', (text, story) => {
    const { why } = story;
    expect(why.known).toBe(false);
    expect(why.chain.at(-1)?.text).toMatch(new RegExp(`^not known.*${text}`));
  });
});
