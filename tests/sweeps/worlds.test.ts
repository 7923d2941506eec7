/**
 * Goal: what a recording does not show is held against nobody.
 * Method: single worlds of recordings of real kernels, each of which once gained divergences.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { importedCapture } from '../captures.js';
import { divergencesIn, worldsOf } from './worlds.js';

const NOT_RECORDED = [
  'VFIO_DEVICE_FEATURE',
  'VFIO_DEVICE_BIND_IOMMUFD',
  'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  'VFIO_GROUP_SET_CONTAINER',
  'IOMMU_IOAS_ALLOC',
  'IOMMU_IOAS_MAP',
  'IOMMU_IOAS_UNMAP',
  'IOMMU_DESTROY',
  'IOMMU_HWPT_ALLOC',
  'IOMMU_FAULT_QUEUE_ALLOC',
  'IOMMU_VFIO_IOAS',
  'attach_device_to_domain',
  'ioctl',
];

describe.each([
  [
    'iommufd-cdev-r1',
    '6.12.117',
    [
      'driver iommufd is called zeta',
      '0000:09:00.1 is a mediated device',
      '0000:09:00.1 is a mediated device in events',
      ...NOT_RECORDED.map((name) => `without ${name}`),
      'without the begins of ioctl',
      'without the begins of IOMMU_IOAS_ALLOC',
      'without the ends of IOMMU_IOAS_ALLOC',
      'without the begins of VFIO_GROUP_SET_CONTAINER',
      'without the ends of VFIO_GROUP_SET_CONTAINER',
      'without the ends of VFIO_DEVICE_ATTACH_IOMMUFD_PT',
      'without the ends of VFIO_DEVICE_DETACH_IOMMUFD_PT',
    ],
  ],
  ['k73-iommufd-cdev-r1', '7.3.4', ['kernel 6.6.30']],
  ['mdev-mtty-r1', '6.12.117', ['without the ends of vfio_df_open']],
  [
    'virtio-vfio-r1',
    '6.12.117',
    [
      'driver iommufd is called zeta',
      'without 50 % of the functions, seed 5',
      'without 80 % of the functions, seed 10',
    ],
  ],
  ['deferral-r1', '6.12.117', ['without 80 % of the functions, seed 11']],
])('%s of kernel %s', (capture, kernel, changes) => {
  const reader = importedCapture(capture);
  const worlds = worldsOf(reader);
  afterAll(() => reader.close());

  test.each(changes)('a recording of another world blames nobody: %s', (what) => {
    const world = worlds.find((one) => one.what === what);
    expect(world).toBeDefined();
    expect(divergencesIn(reader, { kernel, what, ...world })).toEqual([]);
  });
});
