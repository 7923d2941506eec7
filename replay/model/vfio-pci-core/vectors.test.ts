/**
 * Goal: the parts of the virtual configuration space that no recording reached.
 * Method: functions built by hand, register by register, and what the kernel's code does with them
 * (drivers/vfio/pci/vfio_pci_config.c 6.1), one case per rule.
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { configRules } from './capabilities.js';
import { answerAccess, beginAccess, bytesOfValue } from './config-access.js';
import { openSpace } from './config-space-model.js';
import { poke, type Width } from './little-endian.js';
import type { PciFunction, Resource } from './pci-function.js';

const MEM = 0x200;
const PREFETCH_64 = 0x102200;
const none: Resource = { start: 0, end: 0, flags: 0 };
const bar = (start: number, bytes: number, flags: number): Resource => ({
  start,
  end: start + bytes - 1,
  flags,
});

const physical: PciFunction = {
  vendor: 0x1234,
  device: 0x5678,
  class: 0x020000,
  isVf: false,
  resources: [
    bar(0x8_0000_0000, 0x100_0000, PREFETCH_64),
    none,
    none,
    bar(0xfe00_0000, 0x4000, MEM),
  ],
};

/** A space with registers given as [offset, width, value]. */
function hardware(registers: readonly (readonly [number, Width, number])[], bytes = 256) {
  const space = new Uint8Array(bytes);
  poke(space, 0, 4, 0x56781234);
  poke(space, 0x04, 4, 0x00100002);
  poke(space, 0x10, 4, 0x0000000c);
  poke(space, 0x14, 4, 0x00000008);
  poke(space, 0x1c, 4, 0xfe000000);
  for (const [offset, width, value] of registers) poke(space, offset, width, value);
  return space;
}

/** A user's view of a function, over hardware that keeps what is written to it. */
class User {
  readonly done: string[] = [];
  readonly space;
  readonly context;

  constructor(
    readonly registers: Uint8Array,
    fn: PciFunction = physical,
    version = 6001,
    more: { isMsi?: boolean; hasVfs?: boolean } = {},
  ) {
    this.space = openSpace(registers, fn, configRules(version));
    this.context = { fn, isMsi: false, hasVfs: false, ...more };
  }

  #run(write: boolean, offset: number, count: number, data: Uint8Array) {
    this.done.length = 0;
    const access = beginAccess(this.space, this.context, { write, offset, count, data });
    while (access.next !== null) {
      const { next } = access;
      this.done.push('offset' in next ? `${next.type} ${next.width}@${next.offset}` : next.type);
      let value: number | null = null;
      if (next.type === 'read') {
        value = 0;
        for (let i = next.width - 1; i >= 0; i--)
          value = value * 256 + this.registers[next.offset + i];
      }
      if (next.type === 'write') poke(this.registers, next.offset, next.width, next.value ?? 0);
      answerAccess(this.space, this.context, access, { value, ret: 0 });
    }
    return access;
  }

  read(offset: number, count: number): number | null {
    const access = this.#run(false, offset, count, new Uint8Array(0));
    if (access.result !== count) return access.result as number;
    return access.seen.reduceRight<number>((sum, byte) => sum * 256 + (byte ?? 0), 0);
  }

  write(offset: number, count: number, value: number) {
    return this.#run(true, offset, count, bytesOfValue(value, count)).result;
  }
}

describe('BARs', () => {
  test('BARs are sized without the hardware', () => {
    const user = new User(hardware([]));
    user.write(0x10, 4, 0xffffffff);
    user.write(0x14, 4, 0xffffffff);
    user.write(0x18, 4, 0xffffffff);
    expect(user.read(0x10, 4)).toBe(0xff00000c);
    expect(user.read(0x14, 4)).toBe(0xffffffff);
    expect(user.read(0x18, 4)).toBe(0);
    expect(user.done).toEqual([]);
  });

  test('BARs are put back when the hardware lost them and memory is enabled again', () => {
    const user = new User(hardware([]));
    user.registers[4] = 0;
    poke(user.registers, 0x1c, 4, 0);
    user.write(4, 2, 2);
    expect(user.done.filter((effect) => effect.startsWith('write 4'))).toHaveLength(7);
    expect(user.registers[0x1f]).toBe(0xfe);
  });
});

describe('COMMAND', () => {
  test('PCI_COMMAND without memory enable removes the mappings before anything is written', () => {
    const user = new User(hardware([]));
    user.write(4, 2, 0);
    expect(user.done.slice(0, 3)).toEqual(['virtual 2@4', 'read 2@4', 'zap']);
  });

  test('PCI_COMMAND keeps INTx disable to itself', () => {
    const user = new User(hardware([]));
    user.write(4, 2, 0x402);
    expect(user.registers[5]).toBe(0);
    expect(user.read(4, 2)).toBe(0x402);
    expect(user.space.virqDisabled).toBe(true);
  });

  test('PCI_COMMAND of a VF has memory enable as the user wrote it', () => {
    const registers = hardware([
      [0, 4, 0xffffffff],
      [4, 2, 0],
    ]);
    const user = new User(registers, { ...physical, isVf: true });
    expect(user.read(0, 4)).toBe(0x56781234);
    expect(user.done).toEqual([]);
    expect(user.read(4, 2)).toBe(2);
    user.write(4, 2, 0);
    expect(user.read(4, 2)).toBe(0);
  });
});

describe('bounds', () => {
  test('an access that ends beyond the space does nothing', () => {
    const user = new User(hardware([], 4096));
    expect(user.read(0xffe, 4)).toBe(-ERRNO.EFAULT);
    expect(user.done).toEqual([]);
  });

  test('an unaligned access is split', () => {
    const user = new User(hardware([]));
    user.read(0x41, 6);
    expect(user.done).toEqual(['read 1@65', 'read 2@66', 'read 2@68', 'read 1@70']);
  });

  test('status cannot be cleared', () => {
    const user = new User(hardware([]));
    expect(user.write(6, 2, 0xf900)).toBe(2);
    expect(user.done).toEqual(['virtual 2@6']);
  });
});

describe('capabilities', () => {
  const MSI = [
    [0x34, 1, 0x40],
    [0x40, 4, 0x00840005],
  ] as const;

  test('MSI enable is the ioctl’s', () => {
    const user = new User(hardware(MSI));
    user.write(0x42, 2, 0x0001);
    expect(user.registers[0x42] & 1).toBe(0);
    const enabled = new User(hardware(MSI), physical, 6001, { isMsi: true });
    enabled.write(0x42, 2, 0x0071);
    expect(enabled.registers[0x42]).toBe(0x01);
  });

  test('an unknown one is hidden, and its bytes stay the hardware’s', () => {
    const user = new User(
      hardware([
        [0x34, 1, 0x40],
        [0x40, 2, 0x500d],
        [0x50, 4, 0x00000001],
        [0x44, 4, 0xabcd],
      ]),
    );
    expect(user.read(0x34, 1)).toBe(0x50);
    expect(user.read(0x44, 4)).toBe(0xabcd);
    user.write(0x44, 4, 7);
    expect(user.done).toEqual(['write 4@68']);
  });

  test('a function that can reset itself is reset by the FLR bit, another is not', () => {
    const pcie = (devcap: number) =>
      hardware([
        [0x34, 1, 0x40],
        [0x40, 4, 0x00020010],
        [0x44, 4, devcap],
      ]);
    const user = new User(pcie(0x10000000));
    user.write(0x48, 2, 0x8000);
    expect(user.done.slice(-3)).toEqual(['read 4@68', 'zap', 'reset']);
    const without = new User(pcie(0));
    without.write(0x48, 2, 0x8000);
    expect(without.done.at(-1)).toBe('read 4@68');
    expect((without.read(0x48, 2) ?? 0) & 0x8000).toBe(0);
  });

  test('D3hot removes the mappings, but a function with VFs stays awake', () => {
    const pm = hardware([
      [0x34, 1, 0x40],
      [0x40, 4, 0x00030001],
    ]);
    const user = new User(pm);
    user.write(0x44, 2, 3);
    expect(user.done.slice(-2)).toEqual(['zap', 'power']);
    const parent = new User(pm, physical, 6001, { hasVfs: true });
    parent.write(0x44, 2, 3);
    expect(parent.done.at(-1)).toBe('zap');
  });

  test('the first extended one is kept as an anchor when it is hidden', () => {
    const extended = [
      [0x34, 1, 0x40],
      [0x40, 4, 0x00020010],
      [0x150, 4, 0x00010003],
    ] as const;
    const pasid = hardware([...extended, [0x100, 4, 0x1501001b]], 4096);
    const user = new User(pasid);
    expect(user.read(0x100, 4)).toBe(0x15000000);
    expect(user.read(0x150, 4)).toBe(0x00010003);
  });

  test('a hidden extended one later in the list is passed over', () => {
    const list = [
      [0x34, 1, 0x40],
      [0x40, 4, 0x00020010],
      [0x100, 4, 0x15010003],
    ] as const;
    const user = new User(
      hardware([...list, [0x150, 4, 0x1801001b], [0x180, 4, 0x0001000e]], 4096),
    );
    expect(user.read(0x100, 4)).toBe(0x18010003);
    expect(user.read(0x150, 4)).toBe(0x1801001b);
  });

  test('DVSEC is shown from Linux 6.3 on', () => {
    const dvsec = [
      [0x34, 1, 0x40],
      [0x40, 4, 0x00020010],
      [0x100, 4, 0x00010023],
    ] as const;
    const registers = () => hardware([...dvsec, [0x104, 4, 0x01000000]], 4096);
    expect(new User(registers(), physical, 6001).read(0x100, 4)).toBe(0);
    expect(new User(registers(), physical, 6003).read(0x100, 4)).toBe(0x00010023);
  });

  test('VPD is read through the flag of the address', () => {
    const user = new User(
      hardware([
        [0x34, 1, 0x40],
        [0x40, 4, 0x00000003],
      ]),
    );
    const access = beginAccess(user.space, user.context, {
      write: true,
      offset: 0x42,
      count: 2,
      data: bytesOfValue(0x10, 2),
    });
    expect(access.next).toMatchObject({ type: 'write', offset: 0x42, value: 0x10 });
    const tell = (value: number | null) =>
      answerAccess(user.space, user.context, access, { value, ret: 0 });
    tell(null);
    tell(0x0010);
    tell(0x8010);
    tell(0xdeadbeef);
    expect(access.result).toBe(2);
    expect(user.read(0x42, 2)).toBe(0x8010);
    expect(user.read(0x44, 4)).toBe(0xdeadbeef);
  });
});
