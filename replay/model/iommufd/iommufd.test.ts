/**
 * Goal: what an iommufd answers to calls that no recording at hand made, and to any number of them.
 * Method: the rules of drivers/iommu/iommufd 6.12 and 7.3, one by one, on structs laid out as in
 * uapi iommufd.h; then random calls, after which what is mapped is what a plain list of pages says.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { MAP } from './address-space.js';
import { attach, bind, DEVID, detach, ownership, unbind } from './bound-devices.js';
import { NOTHING_WRITTEN } from './ioctl-argument.js';
import { iommufdIoctl } from './iommufd-ioctls.js';
import { type Context, newContext } from './iommufd-objects.js';

const { EINVAL, ENOENT, EBUSY, E2BIG, EFAULT, ENOTTY, EOPNOTSUPP, EEXIST, ENODEV } = ERRNO;

let context: Context;
beforeEach(() => {
  context = newContext(true);
});

/** A struct of 32-bit words, of which two in a row may be given as one of 64 bits. */
function struct(...words: readonly (number | bigint)[]): Uint8Array {
  const flat = words.flatMap((w) =>
    typeof w === 'number' ? [w] : [Number(w & 0xffffffffn), Number(w >> 32n)],
  );
  return new Uint8Array(Uint32Array.from(flat).buffer);
}

/** Makes a call; when it can succeed, it does. */
function call(name: string, bytes: Uint8Array, version: number | null = 6012) {
  const argument = { address: 4096, bytes };
  const answer = iommufdIoctl({ context, argument, rules: { version } }, name);
  const done = { ret: 0, written: NOTHING_WRITTEN, at: 0n };
  if (answer.results?.includes(0)) answer.done?.(done);
  else answer.failed?.();
  return answer.results;
}

const alloc = () => call('IOMMU_IOAS_ALLOC', struct(12, 0, 0));
const destroy = (id: number) => call('IOMMU_DESTROY', struct(8, id));
const RW = MAP.READ | MAP.WRITE;
const map = (ioas: number, iova: bigint, length: bigint, flags = RW | MAP.FIXED, vaddr = 0x7000n) =>
  call('IOMMU_IOAS_MAP', struct(40, flags, ioas, 0, vaddr, length, iova));
const unmap = (ioas: number, iova: bigint, length: bigint) =>
  call('IOMMU_IOAS_UNMAP', struct(24, ioas, iova, length));
const attachTo = (device: number, pt: number) => {
  const { results, done } = attach(context, device, pt);
  if (results?.includes(0)) done?.({ ret: 0, written: NOTHING_WRITTEN, at: 0n });
  return results;
};

describe('the size of a struct', () => {
  test('the size of a struct is at least that of its first version', () => {
    expect(call('IOMMU_IOAS_ALLOC', struct(11, 0, 0))).toEqual([-EINVAL]);
    expect(call('IOMMU_HWPT_ALLOC', struct(23, 0, 1, 1, 0, 0))).toEqual([-EINVAL]);
  });

  test('the size of a struct may be more than the kernel knows, when the rest is zero', () => {
    expect(call('IOMMU_IOAS_ALLOC', struct(16, 0, 0, 0))).toEqual([0]);
    expect(call('IOMMU_IOAS_ALLOC', struct(16, 0, 0, 1))).toEqual([-E2BIG]);
  });

  test('the size of a struct says nothing certain when the rest was not recorded', () => {
    expect(call('IOMMU_IOAS_ALLOC', struct(16, 0, 0))).toEqual([0, -E2BIG, -EFAULT]);
  });

  test('the size of a struct cannot be read where there is no struct', () => {
    const nowhere = { address: 0, bytes: new Uint8Array() };
    const rules = { version: 6012 };
    const { results } = iommufdIoctl({ context, argument: nowhere, rules }, 'IOMMU_DESTROY');
    expect(results).toEqual([-EFAULT]);
  });
});

describe('a call', () => {
  test('a call that came later is none of an older kernel', () => {
    const change = (version: number | null) =>
      call('IOMMU_IOAS_CHANGE_PROCESS', struct(8, 0), version);
    expect(change(6012)).toContain(-ENOTTY);
    expect(change(6014)).toEqual([0]);
    expect(change(null)).toEqual(expect.arrayContaining([0, -ENOTTY]));
  });

  test('a call of a container needs an IOAS that serves it', () => {
    const info = () => call('VFIO_IOMMU_GET_INFO', struct(24, 0, 0n, 0n));
    expect(info()).toEqual([-ENODEV]);
    alloc();
    expect(call('IOMMU_VFIO_IOAS', struct(12, 1, 1))).toEqual([0]);
    expect(info()).toEqual([0]);
    destroy(1);
    expect(info()).toEqual([-ENODEV]);
  });
});

describe('an object', () => {
  test('an object gets the lowest number that is free', () => {
    alloc();
    alloc();
    destroy(1);
    alloc();
    expect([...context.objects.keys()].toSorted()).toEqual([1, 2]);
  });

  test('an object that another refers to is not destroyed', () => {
    alloc();
    const device = bind(context, '0000:01:00.0', 5) ?? 0;
    expect(destroy(device)).toEqual([-EBUSY]);
    expect(call('IOMMU_HWPT_ALLOC', struct(24, 0, device, 1, 0, 0))).toEqual([0]);
    expect(destroy(1)).toEqual([-EBUSY]);
    expect(destroy(3)).toEqual([0]);
    expect(destroy(1)).toEqual([0]);
    expect(destroy(1)).toEqual([-ENOENT]);
  });

  test('an object of which nothing was seen may be there where not all are known', () => {
    context = newContext(false);
    expect(destroy(7)).toBeNull();
    expect(map(7, 0n, 4096n)).toBeNull();
  });
});

describe('a device', () => {
  const devices = () => ['0000:01:00.0', '0000:01:00.1'].map((at) => bind(context, at, 5) ?? 0);

  test('a device attached to an IOAS makes a page table, which goes with it', () => {
    alloc();
    const [device] = devices();
    expect(attachTo(device, 1)).toEqual([0]);
    expect(context.objects.get(4)).toMatchObject({ type: 'hwpt', ioas: 1, auto: true });
    expect(destroy(1)).toEqual([-EBUSY]);
    detach(context, device, 0n);
    expect(context.objects.has(4)).toBe(false);
    expect(destroy(1)).toEqual([0]);
  });

  test('a device is known to its iommufd by number, others of its group as owned with it', () => {
    const id = bind(context, '0000:01:00.0', 5);
    expect(ownership(context, '0000:01:00.0', 5)).toBe(id);
    expect(ownership(context, '0000:01:00.1', 5)).toBe(DEVID.OWNED);
    expect(ownership(context, '0000:01:00.2', 6)).toBe(DEVID.NOT_OWNED);
    unbind(context, id ?? 0);
    expect(ownership(context, '0000:01:00.0', 5)).toBe(DEVID.NOT_OWNED);
    context.complete = false;
    expect(ownership(context, '0000:01:00.0', 5)).toBeNull();
  });

  test('a device is attached to nothing that is no address space', () => {
    const [device, other] = devices();
    expect(attachTo(device, 9)).toEqual([-ENOENT]);
    expect(attachTo(device, other)).toEqual([-EINVAL]);
  });

  test('a device goes where its group is, and takes its group along when it goes elsewhere', () => {
    alloc();
    alloc();
    const [device, other] = devices();
    attachTo(device, 1);
    expect(attachTo(other, 2)).toEqual([-EINVAL]);
    expect(attachTo(other, 1)).toEqual([0]);
    expect(attachTo(device, 2)).toEqual([0]);
    expect(destroy(1)).toEqual([0]);
    unbind(context, device);
    expect(destroy(2)).toEqual([-EBUSY]);
    unbind(context, other);
    expect(destroy(2)).toEqual([0]);
  });
});

describe('a mapping', () => {
  beforeEach(() => {
    alloc();
  });

  test('a mapping is refused in the order in which the kernel looks', () => {
    expect(map(9, 0n, 4096n, 0x80)).toEqual([-EOPNOTSUPP]);
    expect(map(9, 0n, 4096n, MAP.FIXED)).toEqual([-EINVAL]);
    expect(map(9, 0n, 4096n)).toEqual([-ENOENT]);
    expect(map(1, 0n, 0n)).toEqual([-EINVAL]);
  });

  test('a mapping needs no alignment before there is a page table', () => {
    expect(map(1, 1n, 3n)).toEqual([0]);
    const device = bind(context, '0000:01:00.0', 5) ?? 0;
    alloc();
    attachTo(device, 3);
    expect(map(3, 1n, 3n)).toEqual([-EINVAL]);
    expect(map(3, 0xfee00000n, 4096n)).toEqual([-EINVAL]);
  });

  test('a mapping cannot be where the interrupts of the attached device go', () => {
    context = newContext(true, { first: 0x8000000n, last: 0x80fffffn });
    const device = bind(context, '0000:01:00.0', 5) ?? 0;
    alloc();
    attachTo(device, 2);
    expect(map(2, 0x80ff000n, 4096n)).toEqual([-EINVAL]);
    expect(map(2, 0x8100000n, 4096n)).toContain(0);
    expect(map(2, 0xfee00000n, 4096n)).toContain(0);
  });

  test('a mapping is copied with the rights of its memory', () => {
    map(1, 0n, 8192n, MAP.READ | MAP.FIXED);
    const copy = (flags: number, from: bigint) =>
      call('IOMMU_IOAS_COPY', struct(40, flags | MAP.FIXED, 1, 1, 4096n, 0x10000n, from));
    expect(copy(MAP.READ, 8192n)).toEqual([-ENOENT]);
    expect(copy(RW, 4096n)).toEqual([-ERRNO.EPERM]);
    expect(copy(MAP.READ, 4096n)).toEqual([0]);
    expect(map(1, 0x10000n, 4096n)).toEqual([-EEXIST]);
  });

  test('a mapping goes as a whole, and those before one that is cut go with it', () => {
    map(1, 0n, 4096n);
    map(1, 4096n, 8192n);
    expect(unmap(1, 0n, 8192n)).toEqual([-ENOENT]);
    expect(map(1, 0n, 4096n)).toEqual([0]);
    expect(unmap(1, 0n, 1n << 20n)).toEqual([0]);
  });
});

test('after any calls exactly the pages of the mappings that were made are taken', () => {
  const range = fc.record({
    maps: fc.boolean(),
    first: fc.integer({ min: 0, max: 15 }),
    pages: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
      context = newContext(true);
      alloc();
      const owners: (number | null)[] = new Array(22).fill(null);
      for (const [i, { maps, first, pages }] of ranges.entries()) {
        const [iova, length] = [BigInt(first) * 4096n, BigInt(pages) * 4096n];
        const within = owners.slice(first, first + pages);
        if (maps) {
          const isFree = within.every((owner) => owner === null);
          expect(map(1, iova, length)).toEqual([isFree ? 0 : -EEXIST]);
          if (isFree) owners.fill(i, first, first + pages);
          continue;
        }
        const result = unmap(1, iova, length);
        const isCut = [first, first + pages].some(
          (at) => at > 0 && owners[at] !== null && owners[at - 1] === owners[at],
        );
        const none = within.every((owner) => owner === null);
        expect(result).toEqual([isCut || none ? -ENOENT : 0]);
        // In the order of addresses, up to the first that is cut.
        for (const owner of new Set(within)) {
          const inside = within.filter((o) => o === owner).length;
          if (owner === null) continue;
          if (owners.filter((o) => o === owner).length !== inside) break;
          for (const [at, o] of owners.entries()) if (o === owner) owners[at] = null;
        }
      }
    }),
  );
});
