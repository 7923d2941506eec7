/**
 * Goal: the mappings of a container never overlap, and all go when they are asked to.
 * Method: random requests, legal or not; the plain list of what was accepted is the reference.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import {
  addMapping,
  checkMap,
  checkUnmap,
  DMA_ENTRY_LIMIT,
  DMA_UNMAP,
  newDmaSpace,
  removeMapping,
} from './type1.js';

const PAGE = 0x1000n;
const pages = fc.bigInt({ min: 0n, max: 64n });
const request = fc.record({
  map: fc.boolean(),
  iova: pages.map((n) => 0xfede0000n + n * PAGE),
  size: pages.map((n) => (n % 9n) * PAGE),
  odd: fc.integer({ min: 0, max: 20 }).map((n) => (n === 0 ? 1n : 0n)),
});

test('no two mappings overlap, and unmapping everything leaves nothing', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
      const space = newDmaSpace(true);
      for (const { map, iova, size, odd } of requests) {
        const asked = { argsz: 32, flags: map ? 3 : 0, vaddr: 0n, iova: iova + odd, size };
        if (map) {
          if (checkMap(space, asked, ERRNO.EINVAL) === 0) addMapping(space, asked);
        } else {
          const gone = checkUnmap(space, asked, ERRNO.EINVAL);
          if (Array.isArray(gone)) for (const mapping of gone) removeMapping(space, mapping);
        }
        for (const [i, mapping] of space.mappings.entries()) {
          const previous = space.mappings[i - 1];
          if (previous !== undefined) {
            expect(previous.iova + previous.size <= mapping.iova).toBe(true);
          }
          expect(mapping.size > 0n && mapping.iova % PAGE === 0n).toBe(true);
          const inWindow = mapping.iova <= 0xfeefffffn && mapping.iova + mapping.size > 0xfee00000n;
          expect(inWindow).toBe(false);
        }
        expect(space.available).toBe(DMA_ENTRY_LIMIT - space.mappings.length);
      }
      const all = { argsz: 24, flags: DMA_UNMAP.ALL, iova: 0n, size: 0n };
      const gone = checkUnmap(space, all, ERRNO.EINVAL);
      for (const mapping of gone as typeof space.mappings) removeMapping(space, mapping);
      expect(space.mappings).toEqual([]);
      expect(space.available).toBe(DMA_ENTRY_LIMIT);
    }),
  );
});

test('no mapping can be where the IOMMU of the machine takes interrupts', () => {
  const smmu = newDmaSpace(true, { first: 0x8000000n, last: 0x80fffffn });
  const map = (iova: bigint) =>
    checkMap(smmu, { argsz: 32, flags: 3, vaddr: 0n, iova, size: 0x2000n }, ERRNO.EINVAL);
  expect([map(0x7ffe000n), map(0x7fff000n), map(0x80ff000n), map(0x8100000n)]).toEqual([
    0,
    -ERRNO.EINVAL,
    -ERRNO.EINVAL,
    0,
  ]);
  expect(map(0xfee00000n)).toBe(0);
});

test('errors are those of the kernel', () => {
  const space = newDmaSpace(true);
  const good = { argsz: 32, flags: 3, vaddr: 0n, iova: 0x100000n, size: 0x200000n };
  const map = (change: Partial<typeof good>, errno: number = ERRNO.EINVAL) =>
    checkMap(space, { ...good, ...change }, errno);
  expect(map({})).toBe(0);
  addMapping(space, good);
  expect(map({})).toBe(-ERRNO.EEXIST);
  expect(map({ argsz: 8 })).toBe(-ERRNO.EINVAL);
  expect(map({ flags: 0 })).toBe(-ERRNO.EINVAL);
  expect(map({ flags: 7 })).toBe(-ERRNO.EINVAL);
  expect(map({ flags: 4, iova: 0x800000n })).toBe(-ERRNO.ENOENT);
  expect(map({ vaddr: 1n, iova: 0x800000n })).toBe(-ERRNO.EINVAL);
  expect(map({ iova: 0xfee00000n, size: 0x1000n })).toBe(-ERRNO.EINVAL);
  expect(map({ iova: (1n << 64n) - 0x1000n }, ERRNO.EOVERFLOW)).toBe(-ERRNO.EOVERFLOW);
  const unmap = (iova: bigint, size: bigint) =>
    checkUnmap(space, { argsz: 24, flags: 0, iova, size }, ERRNO.EINVAL);
  expect(unmap(0x100000n, 0x1000n)).toBe(-ERRNO.EINVAL);
  expect(unmap(0x500000n, 0x1000n)).toEqual([]);
  expect(unmap(0x0n, 0x1000000n)).toHaveLength(1);
  expect(unmap(0x100000n, 0n)).toBe(-ERRNO.EINVAL);
});
