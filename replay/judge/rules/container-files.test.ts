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

  test('a container does not map an address twice', () => {
    expect(two().map(3, 0n, 0n).map(4, 0n, 0n).map(4, 0n, -17n).divergences).toEqual([]);
    const twice = () => two().map(3, 0n, 0n).map(4, 0n, 0n).map(4, 0n, 0n);
    expect(twice().ioctl(3, 'VFIO_IOMMU_UNMAP_DMA', 0n, -14n).divergences).toEqual([
      expect.stringMatching(/^VFIO_IOMMU_MAP_DMA: .*EEXIST/),
    ]);
    // Without a recorded call of the other kind, one may have removed the first mapping.
    expect(twice().divergences).toEqual([]);
  });

  test('sets an IOMMU once in each', () => {
    expect(two().ioctl(4, SET_IOMMU, V2, -22n).divergences).toEqual([]);
    const late = new User(true).open(3).open(4).join(8, 21, 3).ioctl(3, SET_IOMMU, V2, 0n);
    expect(late.ioctl(4, SET_IOMMU, V2, -22n).divergences).toEqual([]);
    const early = new User(true).open(3).open(4).join(8, 21, 3).ioctl(3, SET_IOMMU, V2, 0n);
    expect(early.ioctl(4, SET_IOMMU, V2, 0n).divergences).toEqual(['VFIO_SET_IOMMU: -EINVAL | 0']);
  });

  test('a container is not followed when no system call shows the files', () => {
    expect(two(false).map(3, 0n, 0n).map(4, 0n, 0n).divergences).toEqual([]);
    expect(two(false).map(3, 0n, 0n).map(4, 0n, -17n).divergences).toEqual([]);
  });
});

describe('a descriptor that was inherited or duplicated', () => {
  const user = () => new User(true).open(3).open(4).join(8, 21, 3);

  test('a descriptor that was not seen to be opened may be of any container', () => {
    const other = user().ioctl(9, SET_IOMMU, V2, 0n);
    expect(other.map(4, 0n, 0n).ioctl(4, SET_IOMMU, V2, -22n).divergences).toEqual([]);
  });

  test('a descriptor that was not seen to be opened is not the only container of the process', () => {
    const one = new User(true).open(3).join(8, 21, 3).ioctl(3, SET_IOMMU, V2, 0n);
    expect(one.map(3, 0n, 0n).map(9, 0n, 0n).divergences).toEqual([]);
  });
});

describe('without vfio_iommu_type1', () => {
  const CHECK = 'VFIO_CHECK_EXTENSION';
  const inner: EventRow = { kind: 'ioctl', name: CHECK, path: 'kernel', offset: V2 };
  const user = () => new User(true).open(3).ioctl(3, CHECK, V2, 1n, inner);

  test('a container has no extension and gets no IOMMU without vfio_iommu_type1', () => {
    const gone = user().join(8, 21, 3).ioctl(3, CHECK, V2, 0n).ioctl(3, SET_IOMMU, V2, -19n);
    expect(gone.divergences).toEqual([]);
  });

  test('a container with an IOMMU keeps vfio_iommu_type1', () => {
    const used = user().join(8, 21, 3).ioctl(3, SET_IOMMU, V2, 0n);
    expect(used.ioctl(3, CHECK, V2, 0n).divergences).toEqual(['VFIO_CHECK_EXTENSION: 1 | 0']);
  });
});

test('a container on the descriptor of one that was closed is a new one', () => {
  const user = new User(true).open(3).close(3).open(3).join(8, 21, 3);
  expect(user.ioctl(3, SET_IOMMU, V2, 0n).map(3, 0n, 0n).divergences).toEqual([]);
});

/** A user whose system calls are recorded without the names of files, and ioctls without structs. */
function ofUnnamedFiles(hasOpening: boolean): User {
  const user = new User(true);
  const span = (row: EventRow, ret: bigint, inside: () => void = () => {}) => {
    const begin = user.rows.push({ ...USER, ...row, phase: 'begin' }) - 1;
    inside();
    user.rows.push({ ...USER, ...row, phase: 'end', span: begin, ret });
  };
  const openat = {
    kind: 'syscall',
    name: 'openat',
    text: 'dfd: 0xffffff9c, filename: 0x1',
  } as const;
  const group = { kind: 'group.open', name: 'vfio_group_fops_open', value: 12n } as const;
  const device = '0000:03:00.0';
  const ofGroup = { data: words(12) };
  const ioctl = (fd: number, name: string, ret: bigint, inside?: () => void) =>
    span({ kind: 'syscall', name: 'ioctl', text: `fd: 0x${fd}, cmd: 0x0` }, ret, () =>
      span(
        { kind: 'ioctl', name, path: 'vfio', offset: V2, ...(fd === 5 ? ofGroup : {}) },
        ret,
        inside,
      ),
    );
  const text = JSON.stringify({
    driver: 'vfio-pci',
    driver_override: 'vfio-pci',
    iommu_group: '12',
  });
  user.rows.push({ kind: 'snapshot', name: 'start', device, driver: 'vfio-pci', text });
  span(openat, 4n, () => {
    if (hasOpening) span({ kind: 'file.open', name: 'vfio_fops_open' }, 0n);
  });
  if (!hasOpening) ioctl(4, 'VFIO_GET_API_VERSION', 0n);
  span(openat, 5n, () => span(group, 0n));
  ioctl(5, 'VFIO_GROUP_SET_CONTAINER', 0n, () =>
    span({ kind: 'dma.owner', name: 'iommu_group_claim_dma_owner', value: 12n }, 0n, () =>
      user.rows.push({ ...USER, kind: 'iommu.attach', name: 'attach_device_to_domain', device }),
    ),
  );
  ioctl(4, SET_IOMMU, 0n);
  ioctl(5, 'VFIO_GROUP_GET_DEVICE_FD', 6n, () =>
    span({ kind: 'device.open', name: 'vfio_pci_core_enable', device }, 0n),
  );
  return user;
}

test.each([
  ['is recorded', true],
  ['is not recorded', false],
])('a container whose file has no recorded name has the IOMMU that it got: its opening %s', (_, is) => {
  expect(ofUnnamedFiles(is).divergences).toEqual([]);
});
