/**
 * Goal: the answers to ioctls that no recording made: sizes of arguments, features,
 * containers without a group.
 * Method: the argument checks of the kernel, one by one (drivers/vfio/vfio_main.c, container.c,
 * group.c and pci/vfio_pci_core.c 6.1).
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import { containerIoctl, groupIoctl, type1Extension } from './container-ioctl.js';
import { type DeviceContext, deviceIoctl, feature, lowPowerChange } from './device-ioctl.js';
import type { Container, Group } from './vfio-state.js';

const { EINVAL, ENOTTY, ENODEV, EBUSY, EFAULT } = ERRNO;
const context: DeviceContext = {
  busFunctions: 3,
  busOwned: false,
  busGroups: [7, 7, 8],
  passed: [],
  rootBus: false,
  isPf: false,
  irqsSet: false,
  byCdev: false,
  iommufdOwns: null,
  version: 6001,
};
const device = (name: string, words: readonly number[], more: Partial<DeviceContext> = {}) =>
  deviceIoctl(name, null, { address: 4096, words }, { ...context, ...more });

describe('a device', () => {
  test('a device refuses arguments that are too small', () => {
    expect(device('VFIO_DEVICE_GET_INFO', [15])).toEqual([-EINVAL]);
    expect(device('VFIO_DEVICE_GET_INFO', [16])).toEqual([0]);
    expect(device('VFIO_DEVICE_GET_REGION_INFO', [31, 0, 0])).toEqual([-EINVAL]);
    expect(device('VFIO_DEVICE_GET_IRQ_INFO', [16, 0, 5])).toEqual([-EINVAL]);
    expect(device('VFIO_DEVICE_IOEVENTFD', [32, 3])).toEqual([-EINVAL]);
    expect(deviceIoctl('VFIO_DEVICE_GET_INFO', null, { address: 0, words: [] }, context)).toEqual([
      -EFAULT,
    ]);
  });

  test('a device has no ioctls of mediated devices', () => {
    expect(device('VFIO_DEVICE_QUERY_GFX_PLANE', [32])).toEqual([-ENOTTY]);
    expect(device('0x3bfb', [])).toEqual([-ENOTTY]);
  });
});

describe('a feature', () => {
  const [GET, SET, PROBE] = [0x10000, 0x20000, 0x40000];
  const ask = (flags: number, argsz = 32, isPf = false, version = 6001) =>
    feature(null, { address: 4096, words: [argsz, flags] }, { ...context, isPf, version });

  test('a feature is refused when its flags make no sense', () => {
    expect(ask(GET | SET | 1)).toEqual([-EINVAL]);
    expect(ask(0x80000 | PROBE)).toEqual([-EINVAL]);
    expect(ask(PROBE, 4)).toEqual([-EINVAL]);
  });

  test('a feature of migration is not there on plain vfio-pci', () => {
    expect(ask(PROBE | GET | 1)).toEqual([-ENOTTY]);
  });

  test('a feature of a VF token is the physical function’s', () => {
    expect(ask(PROBE | SET)).toEqual([-ENOTTY]);
    expect(ask(PROBE | SET, 8, true)).toEqual([0]);
    expect(ask(SET, 8, true)).toEqual([-EINVAL]);
    expect(ask(GET, 32, true)).toEqual([-EINVAL]);
  });

  test('a feature of low power is entered and left', () => {
    expect(ask(PROBE | SET | 3)).toEqual([0]);
    expect(ask(SET | 5)).toEqual([0]);
    expect([3, 4, 5].map((id) => lowPowerChange(SET | id))).toEqual(['on', 'until resumed', 'off']);
    expect(lowPowerChange(PROBE | SET | 3)).toBeNull();
    expect(ask(SET | 3, 32, false, 5019)).toEqual([-ENOTTY]);
  });
});

describe('a container', () => {
  const empty: Container = {
    groups: 0,
    iommu: false,
    dma: null,
    domains: null,
    showsRuns: false,
    teardown: null,
  };
  const set: Container = { ...empty, groups: 1, iommu: true };

  test('a container has no IOMMU without a group, and only one', () => {
    expect(containerIoctl('VFIO_SET_IOMMU', empty, 3, 6001)).toEqual([-EINVAL]);
    expect(containerIoctl('VFIO_SET_IOMMU', set, 3, 6001)).toEqual([-EINVAL]);
    const joined = { ...empty, groups: 1 };
    expect(containerIoctl('VFIO_SET_IOMMU', joined, 99, 6001)).toEqual([-ENODEV]);
    expect(containerIoctl('VFIO_SET_IOMMU', joined, 3, 6001)).toEqual([0]);
  });

  test('a container that was opened before the recording began is not guessed at', () => {
    const unknown: Container = {
      groups: null,
      iommu: null,
      dma: null,
      domains: null,
      showsRuns: false,
      teardown: null,
    };
    expect(containerIoctl('VFIO_SET_IOMMU', unknown, 3, 6001)).toBeNull();
    expect(containerIoctl('VFIO_IOMMU_MAP_DMA', unknown, 0, 6001)).toBeNull();
  });

  test('a container has the extensions of its kernel', () => {
    expect(type1Extension(6, false, 6012)).toEqual([1]);
    expect(type1Extension(6, false, 6013)).toEqual([0]);
    expect(type1Extension(10, false, 6001)).toEqual([0]);
  });
});

describe('a group', () => {
  const group = (attached: boolean | null, ...devices: string[]): Group => ({
    attached,
    devices: new Set(devices),
    ofIommufd: false,
    container: null,
    mayBeLost: false,
  });
  const around = {
    byToken: [],
    container: {
      groups: 1,
      iommu: true,
      dma: null,
      domains: null,
      showsRuns: false,
      teardown: null,
    },
    viable: true,
    blockers: [],
    attached: false,
    opened: false,
    iommufd: false,
    showsAttach: true,
    showsOpen: true,
    showsClose: true,
    openError: null,
    mayBeLost: false,
    inferred: false,
  };

  test('a group stays in its container while a device is open', () => {
    const unset = 'VFIO_GROUP_UNSET_CONTAINER';
    expect(groupIoctl(unset, group(true, '0000:01:00.0'), around)).toEqual([-EBUSY]);
    expect(groupIoctl(unset, group(true), around)).toEqual([0]);
    expect(groupIoctl(unset, group(false), around)).toEqual([-EINVAL]);
  });

  test('a group gives no device before an IOMMU is set', () => {
    const container = { ...around.container, iommu: false };
    expect(groupIoctl('VFIO_GROUP_GET_DEVICE_FD', group(true), { ...around, container })).toEqual([
      -EINVAL,
      -ERRNO.ENODEV,
    ]);
  });

  test('a group hands on why its device could not be opened', () => {
    const failed = { ...around, openError: -ERRNO.EAGAIN };
    expect(groupIoctl('VFIO_GROUP_GET_DEVICE_FD', group(true), failed)).toEqual([-ERRNO.EAGAIN]);
  });

  test('leads to nothing once VFIO has lost its last device', () => {
    const lost = { ...around, mayBeLost: true };
    expect(groupIoctl('VFIO_GROUP_GET_STATUS', group(false), lost)).toContain(-ERRNO.ENODEV);
    expect(groupIoctl('VFIO_GROUP_SET_CONTAINER', group(false), lost)).toContain(-ERRNO.ENODEV);
    expect(groupIoctl('VFIO_GROUP_GET_STATUS', group(false), around)).not.toContain(-ERRNO.ENODEV);
  });

  test('a group that a native driver has a part of is refused', () => {
    const results = groupIoctl('VFIO_GROUP_SET_CONTAINER', group(null), {
      ...around,
      viable: false,
    });
    expect(results).toEqual([-ERRNO.EPERM]);
  });

  test('a group may be put into an iommufd whoever drives its devices, which then refuses a device', () => {
    const refused = { ...around, viable: false, iommufd: true };
    expect(groupIoctl('VFIO_GROUP_SET_CONTAINER', group(null), refused)).toContain(0);
    const within = { ...group(true), ofIommufd: true };
    expect(groupIoctl('VFIO_GROUP_GET_DEVICE_FD', within, around)).toContain(-ERRNO.EPERM);
  });
});
