/**
 * Goal: a bus error that reached a user is held against the memory of the device whose BAR he
 * touched; what the recording does not tell is unknown.
 * Method: recordings built by hand after the fault handler of vfio-pci-core
 * (drivers/vfio/pci/vfio_pci_core.c 6.1): a user who maps one page of a BAR, turns memory on and
 * off by PCI_COMMAND, and gets a SIGBUS in the mapping or beside it.
 */
import { describe, expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';

const device = '0000:41:00.0';
const COMMAND = 4n;
const MEMORY = 2n;
const START = 0x7f0000000000n;
const PAGE = 0x1000n;
const USER = { pid: 5, tid: 5 };

const FACTS = {
  ...{ driver: 'vfio-pci', vendor: '0x10de', device: '0x1', class: '0x0' },
  resource: ['0x80000000 0x8000ffff 0x40200', ...Array(6).fill('0x0 0x0 0x0')],
};

class User extends KernelStory {
  #command = 0n;

  constructor(space = new Uint8Array(256)) {
    super();
    this.device(device, FACTS, { data: space });
  }

  #call(row: EventRow, inside: () => void = () => {}, ret = 0n): this {
    return this.call({ device, ...USER, ...row }, Number(ret), inside);
  }

  open(): this {
    return this.#call({ kind: 'device.open', name: 'vfio_pci_core_enable' }, () =>
      this.#call({ kind: 'reset', name: 'pci_try_reset_function' }),
    );
  }

  close(): this {
    return this.point({ kind: 'device.close', name: 'vfio_pci_core_disable', device, ...USER });
  }

  map(): this {
    const data = new Uint8Array(BigUint64Array.of(START + PAGE).buffer);
    const name = 'vfio_pci_core_mmap';
    return this.#call({ kind: 'mmap', name, path: 'vfio', offset: START, value: 0n, data });
  }

  /** A write of PCI_COMMAND; the kernel looks twice at what the device has. */
  command(value: bigint): this {
    const place = { region: 7, offset: COMMAND, length: 2n };
    const look = {
      kind: 'config.read',
      name: 'pci_user_read_config_word',
      path: 'hardware',
    } as const;
    const seen = this.#command;
    this.#command = value;
    const name = 'vfio_pci_config_rw';
    return this.#call(
      { kind: 'config.write', name, path: 'vfio', ...place, value },
      () =>
        this.#call({ ...look, ...place, value: seen }).#call({ ...look, ...place, value: seen }),
      2n,
    );
  }

  /** Asks what the device has: the recording shows calls that change its power state. */
  feature(): this {
    return this.#call({ kind: 'ioctl', name: 'VFIO_DEVICE_FEATURE', path: 'vfio', offset: 1n });
  }

  sigbus(offset: bigint, pid = USER.pid): this {
    return this.point({ kind: 'fault.bus', name: 'SIGBUS', pid, tid: pid, offset });
  }

  /** Responses of bus errors by verdict, and how the first that diverges does. */
  get verdicts() {
    const { kinds, divergences } = this.replay();
    const first = divergences.find((d) => d.kind === 'fault.bus');
    const { matched, diverged, unknown } = kinds['fault.bus'] ?? NONE;
    return { matched, diverged, unknown, expected: first?.expected };
  }
}

const NONE = { matched: 0, diverged: 0, unknown: 0 };

describe('a bus error in a mapping of a BAR', () => {
  test('a bus error in a mapping of a BAR had to come while memory is off', () => {
    const user = new User().open().map().command(MEMORY).command(0n);
    expect(user.sigbus(START + 8n).verdicts).toEqual({ ...NONE, matched: 1 });
  });

  test('a bus error in a mapping of a BAR is a divergence while memory is on', () => {
    const user = new User().open().map().feature().command(0n).command(MEMORY);
    const expected = 'memory is enabled';
    expect(user.sigbus(START).verdicts).toEqual({ ...NONE, diverged: 1, expected });
  });

  test('a bus error in a mapping of a BAR is unknown when the recording lacks the accesses that turn memory on', () => {
    const space = new Uint8Array(256);
    space[Number(COMMAND)] = Number(MEMORY);
    expect(new User(space).open().map().sigbus(START).verdicts).toEqual({ ...NONE, unknown: 1 });
  });

  test('a bus error in a mapping of a BAR is unknown when the recording lacks the calls that put the device to sleep', () => {
    const user = new User().open().map().command(0n).command(MEMORY);
    expect(user.sigbus(START).verdicts).toEqual({ ...NONE, unknown: 1 });
  });

  test('a bus error in a mapping of a BAR is unknown when the device was opened before the recording, or events were lost', () => {
    expect(new User().sigbus(START).verdicts).toEqual({ ...NONE, unknown: 1 });
    const lossy = new User().open().map().feature().command(0n).command(MEMORY).lose(1);
    expect(lossy.sigbus(START).verdicts).toEqual({ ...NONE, unknown: 1 });
  });
});

describe('a bus error elsewhere says nothing of the device', () => {
  const user = () => new User().open().map().feature().command(0n).command(MEMORY);

  test.each([
    ['past the mapped part of the BAR', user().sigbus(START + PAGE)],
    ['before it', user().sigbus(START - 1n)],
    ['in another process', user().sigbus(START, 6)],
    ['after the device is closed', user().close().sigbus(START)],
  ])('a bus error says nothing of the device: %s', (_, { verdicts }) => {
    expect(verdicts).toEqual(NONE);
  });
});
