/**
 * Goal: each file of /dev/vfio/vfio is a container of its own, also when one process has two.
 * Method: recordings built by hand after drivers/vfio/container.c and vfio_iommu_type1.c 6.12: a
 * process that opens two containers, puts a group into each and maps; with the system calls, which
 * tell the files, and without.
 */
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../../traces/index.js';
import { replay } from '../../index.js';

const USER = { pid: 5, tid: 5 };
const SIZE = 0x1000n;
const V2 = 3n;
const words = (...values: number[]) => new Uint8Array(Int32Array.of(...values).buffer);

class User {
  readonly rows: EventRow[] = [];

  constructor(readonly showsCalls: boolean) {}

  #span(row: EventRow, ret: bigint, inside: () => void = () => {}): this {
    const span = this.rows.push({ ...USER, ...row, phase: 'begin' }) - 1;
    inside();
    const { text: _, ...end } = row;
    this.rows.push({ ...USER, ...end, phase: 'end', span, ret });
    return this;
  }

  #system(name: string, text: string, ret: bigint, inside: () => void = () => {}): this {
    if (this.showsCalls) return this.#span({ kind: 'syscall', name, text }, ret, inside);
    inside();
    return this;
  }

  open(fd: number): this {
    const text = `dfd: 0xffffff9c, filename: 0x1, flags: 0x2, __filename_val: /dev/vfio/vfio`;
    return this.#system('openat', text, BigInt(fd)).ioctl(fd, 'VFIO_GET_API_VERSION', 0n, 0n);
  }

  close(fd: number): this {
    return this.#system('close', `fd: 0x${fd.toString(16)}`, 0n);
  }

  ioctl(fd: number, name: string, offset: bigint, ret: bigint, inner?: EventRow): this {
    const row: EventRow = { kind: 'ioctl', name, path: 'vfio', offset };
    return this.#system('ioctl', `fd: 0x${fd.toString(16)}, cmd: 0x0`, ret, () =>
      this.#span(row, ret, () => {
        if (inner !== undefined) this.#span(inner, ret);
      }),
    );
  }

  /** Puts a group, of which the file is `fd`, into a container. */
  join(fd: number, group: number, container: number): this {
    const name = 'VFIO_GROUP_SET_CONTAINER';
    const row: EventRow = { kind: 'ioctl', name, path: 'vfio', data: words(group, container) };
    return this.#system('ioctl', `fd: 0x${fd.toString(16)}`, 0n, () => this.#span(row, 0n));
  }

  map(fd: number, iova: bigint, ret: bigint): this {
    const data = new Uint8Array(32);
    data.set(words(32, 3));
    data.set(new Uint8Array(BigUint64Array.of(0x7f0000000000n, iova, SIZE).buffer), 8);
    const name = 'VFIO_IOMMU_MAP_DMA';
    return this.ioctl(fd, name, 8n, ret, { kind: 'ioctl', name, path: 'kernel', offset: 8n, data });
  }

  get divergences(): string[] {
    const reader = new TraceReader(new MemorySource(buildTrace(this.rows)));
    const { divergences } = replay(reader.read(), { kernel: '6.12.0' });
    return divergences.map(({ name, expected, actual }) => `${name}: ${expected} | ${actual}`);
  }
}

const SET_IOMMU = 'VFIO_SET_IOMMU';
const two = (showsCalls = true) =>
  new User(showsCalls)
    .open(3)
    .open(4)
    .join(8, 21, 3)
    .join(9, 22, 4)
    .ioctl(3, SET_IOMMU, V2, 0n)
    .ioctl(4, SET_IOMMU, V2, 0n);

describe('a process with two containers', () => {
  test('maps the same address in both', () => {
    expect(two().map(3, 0n, 0n).map(4, 0n, 0n).divergences).toEqual([]);
  });

  test('does not map an address twice in one', () => {
    expect(two().map(3, 0n, 0n).map(4, 0n, 0n).map(4, 0n, -17n).divergences).toEqual([]);
    expect(two().map(3, 0n, 0n).map(4, 0n, 0n).map(4, 0n, 0n).divergences).toEqual([
      expect.stringMatching(/^VFIO_IOMMU_MAP_DMA: .*EEXIST/),
    ]);
  });

  test('sets an IOMMU once in each', () => {
    expect(two().ioctl(4, SET_IOMMU, V2, -22n).divergences).toEqual([]);
    const late = new User(true).open(3).open(4).join(8, 21, 3).ioctl(3, SET_IOMMU, V2, 0n);
    expect(late.ioctl(4, SET_IOMMU, V2, -22n).divergences).toEqual([]);
    const early = new User(true).open(3).open(4).join(8, 21, 3).ioctl(3, SET_IOMMU, V2, 0n);
    expect(early.ioctl(4, SET_IOMMU, V2, 0n).divergences).toEqual(['VFIO_SET_IOMMU: -EINVAL | 0']);
  });

  test('is not followed when no system call tells the files', () => {
    expect(two(false).map(3, 0n, 0n).map(4, 0n, 0n).divergences).toEqual([]);
    expect(two(false).map(3, 0n, 0n).map(4, 0n, -17n).divergences).toEqual([]);
  });
});

test('a container on the descriptor of one that was closed is a new one', () => {
  const user = new User(true).open(3).close(3).open(3).join(8, 21, 3);
  expect(user.ioctl(3, SET_IOMMU, V2, 0n).map(3, 0n, 0n).divergences).toEqual([]);
});
