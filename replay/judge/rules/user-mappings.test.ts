/**
 * Goal: a munmap or mremap of the user changes what faults may follow.
 * Method: recordings built by hand after mm/mmap.c, mm/mremap.c and the fault handler of
 * vfio-pci-core (drivers/vfio/pci/vfio_pci_core.c 6.12, which maps page by page): a user who maps
 * four pages of a BAR, touches them, and unmaps or moves some.
 */
import { describe, expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';

const device = '0000:41:00.0';
const START = 0x7f0000000000n;
const OTHER = 0x7f0000100000n;
const PAGE = 0x1000n;
const USER = { pid: 5, tid: 5 };
const MATE = { pid: 5, tid: 6 };
const NOPAGE = 0x100;
const MEMORY = 2;

const FACTS = {
  ...{ driver: 'vfio-pci', vendor: '0x10de', device: '0x1', class: '0x0' },
  resource: ['0x80000000 0x8000ffff 0x40200', ...Array(6).fill('0x0 0x0 0x0')],
};

const hex = (value: bigint) => `0x${value.toString(16)}`;
const words = (...values: bigint[]) => new Uint8Array(BigUint64Array.of(...values).buffer);

class User extends KernelStory {
  constructor(release = '6.12.0') {
    super(release);
    const data = new Uint8Array(256);
    data[4] = MEMORY;
    this.device(device, FACTS, { data });
  }

  open(): this {
    const open: EventRow = { kind: 'device.open', name: 'vfio_pci_core_enable', device, ...USER };
    const reset: EventRow = { kind: 'reset', name: 'pci_try_reset_function', device, ...USER };
    const config: EventRow = { kind: 'config.read', name: 'vfio_pci_config_rw', path: 'vfio' };
    return this.call(open, 0, () => this.call(reset, 0)).call(
      { ...config, device, ...USER, region: 7, offset: 0n, length: 2n },
      2,
    );
  }

  system(name: string, text: string, ret: number, inside: () => void = () => {}): this {
    return this.call({ kind: 'syscall', name, text, ...USER }, ret, inside);
  }

  map(pages: bigint, at = START): this {
    const row: EventRow = { kind: 'mmap', name: 'vfio_pci_core_mmap', path: 'vfio', device };
    const data = words(at + pages * PAGE);
    return this.call({ ...row, ...USER, offset: at, value: 0n, data }, 0);
  }

  unmap(first: bigint, pages: bigint, ret = 0, inside: (user: this) => void = () => {}): this {
    const text = `addr: ${hex(START + first * PAGE)}, len: ${hex(pages * PAGE)}`;
    return this.system('munmap', text, ret, () => inside(this));
  }

  /** Touches a page that the table does not have: the page of the BAR at an address. */
  touch(address: bigint, page: bigint, mapping: readonly [start: bigint, page: bigint], by = USER) {
    const name = this.release === '6.1.0' ? 'vfio_pci_mmap_fault' : 'vfio_pci_mmap_huge_fault';
    const row: EventRow = { kind: 'fault.page', name, path: 'vfio' };
    const data = words(...mapping, 0n);
    return this.call({ ...row, device, ...by, offset: address, value: page, data }, NOPAGE);
  }

  get faults() {
    const { kinds } = this.replay();
    const { matched, diverged, unknown } = kinds['fault.page'] ?? {};
    return { matched, diverged, unknown };
  }
}

const mapped = () => new User().open().map(4n);
/** Of Linux up to 6.9, where the first fault maps all pages, which have the numbers of frames. */
const mappedAtOnce = () => new User('6.1.0').open().map(4n);
const FRAME = 0x80000n;
const WHOLE = [START, 0n] as const;

describe('munmap of the user', () => {
  test('an unmapped part of a mapping is no place for a fault', () => {
    const user = mapped()
      .unmap(1n, 1n)
      .touch(START + PAGE, 1n, WHOLE);
    expect(user.faults).toMatchObject({ diverged: 1 });
  });

  test('munmap of a part leaves a mapping before it and one after it', () => {
    const user = mapped()
      .unmap(1n, 1n)
      .touch(START, 0n, WHOLE)
      .touch(START + 2n * PAGE, 2n, [START + 2n * PAGE, 2n]);
    expect(user.faults).toEqual({ matched: 4, diverged: 0, unknown: 0 });
  });

  test('an unmapped range may be mapped again', () => {
    const user = mapped().touch(START, 0n, WHOLE).unmap(0n, 4n).map(4n).touch(START, 0n, WHOLE);
    expect(user.faults).toEqual({ matched: 4, diverged: 0, unknown: 0 });
  });

  test('a munmap that fails leaves a place for a fault', () => {
    const user = mapped()
      .unmap(1n, 1n, -12)
      .touch(START + PAGE, 1n, WHOLE);
    expect(user.faults.diverged).toBe(0);
  });

  test('a fault of another thread may come while munmap runs', () => {
    const user = mapped().unmap(1n, 1n, 0, (user) => user.touch(START + PAGE, 1n, WHOLE, MATE));
    expect(user.faults.diverged).toBe(0);
  });

  test('what another thread maps before munmap returns stays mapped', () => {
    const user = mapped()
      .unmap(0n, 4n, 0, (user) => user.map(4n))
      .touch(START, 0n, WHOLE);
    expect(user.faults).toEqual({ matched: 2, diverged: 0, unknown: 0 });
  });
});

describe('mremap of the user', () => {
  const move = (user: User, newPages: bigint) =>
    user.system(
      'mremap',
      `addr: ${hex(START)}, old_len: ${hex(4n * PAGE)}, new_len: ${hex(newPages * PAGE)}, flags: 0x1`,
      Number(OTHER),
    );

  test('a mapping that mremap moves has its faults at the new address', () => {
    const user = move(mapped(), 4n).touch(OTHER + PAGE, 1n, [OTHER, 0n]);
    expect(user.faults).toEqual({ matched: 2, diverged: 0, unknown: 0 });
  });

  test('a mapping that mremap moves keeps the pages that it had', () => {
    const touched = mappedAtOnce().touch(START, FRAME, [START, FRAME]);
    const user = move(touched, 4n).touch(OTHER, FRAME, [OTHER, FRAME]);
    expect(user.faults.diverged).toBe(1);
  });

  test('no fault is expected where a mapping was moved from, nor beyond the end to which it shrank', () => {
    const old = move(mapped(), 2n).touch(START, 0n, WHOLE);
    expect(old.faults.matched).toBe(1);
    const shrunk = move(mapped(), 2n).touch(OTHER + 2n * PAGE, 2n, [OTHER, 0n]);
    expect(shrunk.faults.matched).toBe(0);
  });
});
