/**
 * Goal: nothing can be mapped where the IOMMU of the recorded machine takes interrupts, and
 * everywhere else.
 * Method: recordings built by hand after uapi vfio.h; `reserved_regions` as an x86 machine and an Arm
 * machine with SMMUv3 print it (kernel 6.12).
 */
import { expect, test } from 'vitest';
import { KernelStory } from '../../../tests/kernel-story.js';
import { ERRNO } from '../../../traces/index.js';

const NAME = 'VFIO_IOMMU_MAP_DMA';
const NONE = new Uint8Array();
const SMMU = '0x0000000008000000 0x00000000080fffff msi';
const VT_D = [
  '0x00000000000a0000 0x00000000000bffff direct-relaxable',
  '0x00000000fee00000 0x00000000feefffff msi',
];

/** What the judge says of a mapping at an address: matched, or what it had expected. */
function verdictOf(reserved: unknown, iova: bigint, ret: number): unknown {
  const story = new KernelStory();
  const user = { pid: 5, tid: 5 };
  story.device('0000:41:00.0', {
    driver: 'vfio-pci',
    iommu_group: '7',
    reserved_regions: reserved,
  });
  const ioctl = (name: string, data: Uint8Array, inside?: () => void, result = 0) =>
    story.call({ kind: 'ioctl', path: 'vfio', name, offset: 3n, data, ...user }, result, inside);
  const request = new Uint8Array(32);
  const view = new DataView(request.buffer);
  view.setUint32(0, 32, true);
  view.setUint32(4, 3, true);
  view.setBigUint64(16, iova, true);
  view.setBigUint64(24, 0x1000n, true);
  ioctl('VFIO_GET_API_VERSION', NONE);
  ioctl('VFIO_GROUP_SET_CONTAINER', new Uint8Array(Int32Array.of(7).buffer));
  ioctl('VFIO_SET_IOMMU', NONE);
  const type1 = { kind: 'ioctl', path: 'kernel', name: NAME, data: request, ...user } as const;
  ioctl(NAME, NONE, () => story.call(type1, ret), ret);
  const { divergences } = story.replay();
  return divergences.length === 0 ? 'matched' : divergences[0]!.expected;
}

const EINVAL = -ERRNO.EINVAL;

test.each([
  ['VT-d', VT_D, 0xfee00000n, EINVAL],
  ['VT-d', VT_D, 0x8000000n, 0],
  ['an SMMU', SMMU, 0x8000000n, EINVAL],
  ['an SMMU', SMMU, 0x80ff000n, EINVAL],
  ['an SMMU', SMMU, 0xfee00000n, 0],
  ['an IOMMU that the snapshot does not tell', undefined, 0xfee00000n, EINVAL],
])('the interrupts of %s (%j) are at 0x%x or not: %i', (_, reserved, iova, ret) => {
  expect(verdictOf(reserved, iova, ret)).toBe('matched');
  expect(verdictOf(reserved, iova, 0) === 'matched').toBe(ret === 0);
});
