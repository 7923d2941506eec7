/** Random users of character devices and iommufds, in the form of scenarios. */
import fc from 'fast-check';
import type { userActionOf } from '../replay/scenarios/user-spec.js';

type Operation = Parameters<typeof userActionOf>[0];

/** The way to a device by its character device, of which a run may leave out steps. */
export const wayByCdev = (at: string): Operation[] => [
  { open: 'iommufd' },
  { open: 'cdev', of: at, as: 'device' },
  { ioctl: 'IOMMU_IOAS_ALLOC', on: 'iommufd', with: {} },
  { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: {}, files: ['iommufd'] },
  { ioctl: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', on: 'device', with: { pt_id: 1 } },
];

/** Numbers of objects: the first is mostly an IOAS, the second a device or an IOAS. */
const id = fc.constantFrom(1, 1, 2, 3, 4, 9);
const iova = fc.constantFrom(0x1000, 0x2000, 0x10_0000, 0xfee0_0000, 0x123);
const length = fc.constantFrom(0x1000, 0x3000, 0x20_0000, 0);

const mapping: fc.Arbitrary<Operation> = fc.oneof(
  fc
    .tuple(id, iova, length, fc.constantFrom(1, 2, 4, 6, 7, 7, 0x17))
    .map(([ioas_id, at, bytes, flags]) => ({
      ioctl: 'IOMMU_IOAS_MAP',
      on: 'iommufd',
      with: { ioas_id, flags, user_va: '0x7f0000000000', iova: at, length: bytes },
    })),
  fc.tuple(id, iova, length).map(([ioas_id, at, bytes]) => ({
    ioctl: 'IOMMU_IOAS_UNMAP',
    on: 'iommufd',
    with: { ioas_id, iova: at, length: bytes },
  })),
  fc.constant({
    ioctl: 'IOMMU_IOAS_UNMAP',
    on: 'iommufd',
    with: { ioas_id: 1, iova: 0, length: '0xffffffffffffffff' },
  }),
  fc
    .tuple(id, id, iova, length, fc.constantFrom(6, 7))
    .map(([dst_ioas_id, src_ioas_id, at, bytes, flags]) => ({
      ioctl: 'IOMMU_IOAS_COPY',
      on: 'iommufd',
      with: { dst_ioas_id, src_ioas_id, flags, length: bytes, dst_iova: at, src_iova: 0x1000 },
    })),
);

const objects: fc.Arbitrary<Operation> = fc.oneof(
  fc.constantFrom<Operation>(
    { ioctl: 'IOMMU_IOAS_ALLOC', on: 'iommufd', with: {} },
    { ioctl: 'IOMMU_IOAS_ALLOC', on: 'iommufd', with: { size: 4 } },
    { ioctl: 'IOMMU_IOAS_ALLOC', on: 'iommufd', with: null },
    { ioctl: 'IOMMU_IOAS_ALLOW_IOVAS', on: 'iommufd', with: { ioas_id: 1 } },
    { ioctl: 'IOMMU_IOAS_ALLOW_IOVAS', on: 'iommufd', with: { ioas_id: 1, num_iovas: 1 } },
  ),
  id.map((number) => ({ ioctl: 'IOMMU_DESTROY', on: 'iommufd', with: { id: number } })),
  fc.tuple(id, id, fc.constantFrom(0, 0, 0, 1, 2, 0x100)).map(([dev_id, pt_id, flags]) => ({
    ioctl: 'IOMMU_HWPT_ALLOC',
    on: 'iommufd',
    with: { dev_id, pt_id, flags },
  })),
  id.map((dev_id) => ({ ioctl: 'IOMMU_GET_HW_INFO', on: 'iommufd', with: { dev_id } })),
  fc.tuple(id, fc.constantFrom(0, 1)).map(([ioas_id, num_iovas]) => ({
    ioctl: 'IOMMU_IOAS_IOVA_RANGES',
    on: 'iommufd',
    with: { ioas_id, num_iovas },
  })),
  fc
    .tuple(fc.constantFrom(0, 1, 1, 2), fc.constantFrom(0, 1), id, fc.constantFrom(0, 1, 2))
    .map(([option_id, op, object_id, val64]) => ({
      ioctl: 'IOMMU_OPTION',
      on: 'iommufd',
      with: { option_id, op, object_id: option_id === 0 ? 0 : object_id, val64 },
    })),
);

/** Calls of a character device, good and bad. */
const ofDevice: fc.Arbitrary<Operation> = fc.oneof(
  fc.constantFrom<Operation>(
    { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: {}, files: ['iommufd'] },
    { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: { argsz: 4 }, files: ['iommufd'] },
    { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: {}, files: ['device'] },
    { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: {}, files: ['nothing'] },
    { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: {}, files: [null] },
    { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: 'device', with: null },
    { ioctl: 'VFIO_DEVICE_DETACH_IOMMUFD_PT', on: 'device', with: {} },
    { ioctl: 'VFIO_DEVICE_DETACH_IOMMUFD_PT', on: 'device', with: { argsz: 4 } },
    { ioctl: 'VFIO_DEVICE_PCI_HOT_RESET', on: 'device', with: {} },
  ),
  id.map((pt_id) => ({
    ioctl: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
    on: 'device',
    with: { pt_id },
  })),
);

export const iommufdCall: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: mapping },
  { weight: 4, arbitrary: objects },
  { weight: 3, arbitrary: ofDevice },
  { weight: 1, arbitrary: fc.constantFrom<Operation>({ close: 'iommufd' }, { close: 'device' }) },
);

/** Files that a user may open in addition: a second device, a second file, a second iommufd. */
export const openMore = (at: fc.Arbitrary<string>): fc.Arbitrary<Operation> =>
  fc.oneof(
    at.map((of) => ({ open: 'cdev' as const, of, as: 'device' })),
    at.map((of) => ({ open: 'group' as const, of })),
    fc.constant<Operation>({ open: 'iommufd' }),
  );
