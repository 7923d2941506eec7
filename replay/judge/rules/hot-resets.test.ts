/**
 * Goal: a hot reset by the user of a group is judged by the files that he passes.
 * Method: recordings built by hand after vfio_pci_ioctl_pci_hot_reset (kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.12): a user with the groups of two functions of one bus, which
 * system calls show, resets them with different descriptors.
 */
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../../traces/index.js';
import { replay } from '../../index.js';

const [FIRST, SECOND] = ['0000:0b:00.0', '0000:0b:00.1'];
const USER = { pid: 5, tid: 5 };
const CALL = 'VFIO_DEVICE_PCI_HOT_RESET';
const QUESTION = 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO';
const SET_RESET = 'vfio_pci_dev_set_hot_reset';
const words = (...values: number[]) => new Uint8Array(Int32Array.of(...values).buffer);

function present(device: string, iommu_group: string, driver: string): EventRow {
  const resource = ['0x1000 0x1fff 0x40200'];
  const ids = { vendor: '0x8086', device: '0x1', class: '0x0' };
  const text = JSON.stringify({ driver, ...ids, iommu_group, resource });
  return { kind: 'snapshot', name: 'start', device, driver, text, data: new Uint8Array(256) };
}

class User {
  readonly rows: EventRow[];

  constructor(driver = 'vfio-pci') {
    this.rows = [
      present(FIRST, '24', 'vfio-pci'),
      present(SECOND, '25', driver),
      { kind: 'snapshot', name: 'end' },
    ];
    this.#open(3, '/dev/vfio/vfio').#open(4, '/dev/vfio/24').#open(8, '/dev/vfio/25').#device(5);
  }

  #span(row: EventRow, ret: number, inside: () => void = () => {}, answer?: Uint8Array): this {
    const span = this.rows.push({ ...USER, ...row, phase: 'begin' }) - 1;
    inside();
    const { text: _, data: __, ...end } = row;
    const data = answer === undefined ? {} : { data: answer };
    this.rows.push({ ...USER, ...end, ...data, phase: 'end', span, ret: BigInt(ret) });
    return this;
  }

  #open(fd: number, path: string): this {
    const text = `dfd: 0xffffff9c, filename: 0x1, flags: 0x2, __filename_val: ${path}`;
    return this.#span({ kind: 'syscall', name: 'openat', text }, fd);
  }

  /** The first function is opened by its group. */
  #device(fd: number): this {
    const name = 'VFIO_GROUP_GET_DEVICE_FD';
    const row: EventRow = { kind: 'ioctl', name, path: 'vfio', offset: 8n, data: words(24) };
    const enable: EventRow = { kind: 'device.open', name: 'vfio_pci_core_enable', device: FIRST };
    return this.#span({ kind: 'syscall', name: 'ioctl', text: 'fd: 0x4, cmd: 0x3b6a' }, fd, () =>
      this.#span(row, fd, () => this.#span(enable, 0)),
    );
  }

  /** @param inner what the function that resets returns; null when it is not called */
  resets(descriptors: readonly number[], ret: number, inner: number | null = null): this {
    const size = 12 + 4 * descriptors.length;
    const asked = [size, 0, descriptors.length];
    const row: EventRow = { kind: 'ioctl', name: CALL, device: FIRST, offset: 8n };
    const all = words(...[...asked, ...descriptors, 0, 0, 0, 0, 0].slice(0, 8));
    return this.#span({ kind: 'syscall', name: 'ioctl', text: 'fd: 0x5, cmd: 0x3b71' }, ret, () =>
      this.#span(
        { ...row, path: 'vfio', data: words(...asked) },
        ret,
        () =>
          this.#span({ ...row, path: 'kernel' }, ret, () => {
            if (inner !== null) this.#span({ kind: 'reset', name: SET_RESET }, inner);
          }),
        all,
      ),
    );
  }

  /** Asks what a reset reaches; the kernel writes flags and count. */
  asks(
    argsz: number,
    ret: number,
    flags: number,
    count: number,
    functions = [24, 0x0b0000, 25, 0x010b0000],
  ): this {
    const row: EventRow = { kind: 'ioctl', name: QUESTION, device: FIRST, offset: 8n };
    const answer = words(argsz, flags, count, ...functions, 0);
    return this.#span({ kind: 'syscall', name: 'ioctl', text: 'fd: 0x5, cmd: 0x3b70' }, ret, () =>
      this.#span(
        { ...row, path: 'vfio', data: words(argsz, 0, 0) },
        ret,
        () => this.#span({ ...row, path: 'kernel' }, ret),
        answer,
      ),
    );
  }

  get divergences(): string[] {
    const reader = new TraceReader(new MemorySource(buildTrace(this.rows)));
    const { divergences } = replay(reader.read(), { kernel: '6.12.117' });
    return divergences
      .filter(({ name }) => name === CALL || name === QUESTION)
      .map(({ expected, actual }) => `${expected} | ${actual}`);
  }
}

const judged = (...call: Parameters<User['resets']>) => new User().resets(...call).divergences;

describe('a hot reset with groups', () => {
  test('a hot reset with the groups of all functions is not refused', () => {
    expect(judged([4, 8], 0, 0)).toEqual([]);
    expect(judged([8, 4], -25, -25)).toEqual([]);
    expect(judged([4, 8], -22, -22)).toEqual(['a reset | -EINVAL']);
  });

  test('a hot reset without the group of a function is refused', () => {
    expect(judged([4], -22, -22)).toEqual([]);
    expect(judged([4], 0, 0)).not.toEqual([]);
  });

  test('a hot reset with a file that is of no group, or that is not open, is refused', () => {
    expect(judged([3, 4], -22)).toEqual([]);
    expect(judged([-1, 4], -9)).toEqual([]);
    expect(judged([-1, 4], 0, 0)).not.toEqual([]);
  });

  test('a hot reset with a file that the recording does not know is not predicted', () => {
    expect(judged([4, 17], -22)).toEqual([]);
    expect(judged([4, 17], 0, 0)).toEqual([]);
  });

  test('a hot reset returns what the function returns that resets', () => {
    expect(judged([4, 8], -16, -16)).toEqual([]);
    expect(judged([4, 8], 0, -16)).toEqual(['-EBUSY | 0']);
  });

  test('a hot reset is refused when another driver has a function', () => {
    expect(new User('e1000e').resets([4, 8], -22, -22).divergences).toEqual([]);
  });
});

describe('the question what a hot reset reaches', () => {
  const asked = (...call: Parameters<User['asks']>) => new User().asks(...call).divergences;

  test('the question what a hot reset reaches is answered with all functions', () => {
    expect(asked(28, 0, 0, 2)).toEqual([]);
    expect(asked(28, 0, 0, 3)).toEqual(['count 2 | count 3']);
    expect(asked(28, 0, 1, 2)).toEqual(['flags 0 | flags 1']);
  });

  test('the question what a hot reset reaches is answered with the group of each function', () => {
    expect(asked(28, 0, 0, 2, [25, 0x010b0000, 24, 0x0b0000])).toEqual([]);
    expect(asked(28, 0, 0, 2, [24, 0x0b0000, 24, 0x010b0000])).toEqual([
      'group 25 of 0000:0b:00.1 | group 24 of 0000:0b:00.1',
    ]);
    expect(asked(28, 0, 0, 2, [24, 0x0b0000, 25, 0x020b0000])).toEqual([
      'a function that a reset reaches | 0000:0b:00.2',
    ]);
  });

  test('the question what a hot reset reaches may have an argument that is not accessible', () => {
    expect(asked(28, -14, 0, 0)).toEqual([]);
    expect(asked(0, -14, 0, 0)).toEqual([]);
    expect(asked(11, -14, 0, 0)).toEqual(['-EINVAL | -EFAULT']);
  });

  test('the question what a hot reset reaches is answered with their number without room', () => {
    expect(asked(12, -28, 0, 2)).toEqual([]);
    expect(asked(12, -28, 0, 0)).toEqual(['count 2 | count 0']);
  });
});
