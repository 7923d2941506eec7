/**
 * Goal: an ioctl number gets the name of the call that the kernel runs for it on that kind of file.
 * Method: numbers and names as the kernel's `linux/vfio.h` and `linux/iommufd.h` define them, among
 * them the numbers that VFIO uses twice.
 */
import { expect, test } from 'vitest';
import { vfioIoctlName, vfioIoctlNumber } from './vfio-ioctls.js';

test('an ioctl number is decoded by the kind of file', () => {
  expect(vfioIoctlName(0x3b64, 'container')).toBe('VFIO_GET_API_VERSION');
  expect(vfioIoctlName(0x3b71, 'container')).toBe('VFIO_IOMMU_MAP_DMA');
  expect(vfioIoctlName(0x3b71, 'iommufd')).toBe('VFIO_IOMMU_MAP_DMA');
  expect(vfioIoctlName(0x3b71, 'device')).toBe('VFIO_DEVICE_PCI_HOT_RESET');
  expect(vfioIoctlName(0x3b6a, 'group')).toBe('VFIO_GROUP_GET_DEVICE_FD');
  expect(vfioIoctlName(0x3b75, 'device')).toBe('VFIO_DEVICE_FEATURE');
  expect(vfioIoctlName(0x3b79, 'migration')).toBe('VFIO_MIG_GET_PRECOPY_INFO');
  expect(vfioIoctlName(0x3b85)).toBe('IOMMU_IOAS_MAP');
});

test('an ioctl number that VFIO does not have has no name', () => {
  expect(vfioIoctlName(0x3b6b, 'container')).toBeUndefined();
  expect(vfioIoctlName(0x5401)).toBeUndefined();
  expect(vfioIoctlName(0x3ba0)).toBeUndefined();
  expect(vfioIoctlNumber('TCGETS')).toBeUndefined();
});

test('the name of an ioctl leads to its number', () => {
  expect(vfioIoctlNumber('VFIO_DEVICE_SET_IRQS')).toBe(0x3b6e);
  expect(vfioIoctlNumber('VFIO_IOMMU_SPAPR_TCE_GET_INFO')).toBe(0x3b70);
  expect(vfioIoctlNumber('IOMMU_HWPT_ALLOC')).toBe(0x3b89);
});
