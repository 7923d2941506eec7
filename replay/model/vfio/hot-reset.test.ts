/**
 * Goal: what a hot reset and the question about it return, error by error.
 * Method: the checks of vfio_pci_ioctl_get_pci_hot_reset_info, vfio_pci_ioctl_pci_hot_reset(_groups)
 * and vfio_pci_dev_set_hot_reset in their order (kernel drivers/vfio/pci/vfio_pci_core.c 6.1.192,
 * 6.12.117 and 7.3.4): a bus with three functions in two groups.
 */
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../../traces/index.js';
import {
  dependents,
  type HotResetContext,
  hotReset,
  hotResetAnswer,
  hotResetInfo,
} from './hot-reset.js';

const { EINVAL, ENODEV, ENOSPC, EBADF, EPERM } = ERRNO;
const context: HotResetContext = {
  busFunctions: 3,
  busOwned: true,
  busGroups: [7, 7, 8],
  rootBus: false,
  byCdev: false,
  iommufdOwns: null,
  passed: [],
  version: 6012,
};
const reset = (words: readonly number[], more: Partial<HotResetContext> = {}) =>
  hotReset(words, { ...context, ...more });
const info = (argsz: number, more: Partial<HotResetContext> = {}) =>
  hotResetInfo([argsz, 0, 0], { ...context, ...more });
/** Of the group door. */
const passing = (...passed: HotResetContext['passed']) =>
  reset([12 + 4 * passed.length, 0, passed.length], { passed });

describe('the question what a hot reset reaches', () => {
  test('the question what a hot reset reaches needs room for all functions', () => {
    expect(info(11)).toEqual([-EINVAL]);
    expect(info(12 + 3 * 8 - 1)).toEqual([-ENOSPC]);
    expect(info(12 + 3 * 8)).toEqual([0]);
    expect(info(4096, { busFunctions: null })).toBeNull();
  });

  test('the question what a hot reset reaches is refused if a function has no group', () => {
    const without = { busGroups: [7, null, 8] };
    expect(info(36, without)).toEqual([0, -EPERM]);
    expect(info(12, without)).toEqual([-ENOSPC]);
    expect(info(36, { ...without, byCdev: true })).toEqual([0]);
  });

  test('the question what a hot reset reaches has no answer on a bus without a bridge', () => {
    expect(info(11, { rootBus: true })).toEqual([-EINVAL]);
    expect(info(12, { rootBus: true })).toEqual([-ENODEV]);
  });
});

describe('the answer what a hot reset reaches', () => {
  const answer = (more: Partial<HotResetContext>, fits = true) =>
    hotResetAnswer({ ...context, ...more }, fits);

  test('the answer what a hot reset reaches has the groups at the door of groups', () => {
    expect(answer({})).toEqual({ flags: 0, count: 3 });
    expect(answer({ busFunctions: null })).toEqual({ flags: 0, count: null });
  });

  test('the answer what a hot reset reaches has ids of the iommufd, and whether it owns all', () => {
    const cdev = { byCdev: true, iommufdOwns: true };
    expect(answer(cdev)).toEqual({ flags: 3, count: 3 });
    expect(answer({ ...cdev, iommufdOwns: false })).toEqual({ flags: 1, count: 3 });
    expect(answer({ ...cdev, busOwned: false })).toEqual({ flags: 1, count: 3 });
    expect(answer({ ...cdev, iommufdOwns: null })).toEqual({ flags: null, count: 3 });
    expect(answer({ byCdev: null })).toEqual({ flags: null, count: 3 });
  });

  test('the answer what a hot reset reaches is the number of functions without room for them', () => {
    expect(answer({ byCdev: true, iommufdOwns: true }, false)).toEqual({ flags: 0, count: 3 });
  });
});

describe('the functions in the answer', () => {
  test('the functions in the answer have addresses, and groups or numbers of an iommufd', () => {
    expect(dependents([28, 3, 2, 24, 0x0b0000, -1 >>> 0, 0x090b0001])).toEqual([
      { address: '0000:0b:00.0', id: 24 },
      { address: '0001:0b:01.1', id: -1 },
    ]);
  });

  test('the functions in the answer are as many as were fetched whole', () => {
    expect(dependents([36, 0, 3, 24, 0x0b0000, 24])).toEqual([{ address: '0000:0b:00.0', id: 24 }]);
    expect(dependents([28, 0, 2])).toEqual([]);
  });
});

describe('the argument of a hot reset', () => {
  test('the argument of a hot reset has a size and no flags', () => {
    expect(reset([11, 0, 1])).toEqual([-EINVAL]);
    expect(reset([16, 1, 1])).toEqual([-EINVAL]);
    // Before the bus is looked at.
    expect(reset([16, 1, 1], { rootBus: true })).toEqual([-EINVAL]);
  });

  test('the argument of a hot reset passes as many groups as there are functions at most', () => {
    expect(reset([28, 0, 4])).toEqual([-EINVAL]);
    expect(reset([28, 0, 4], { busFunctions: null })).toBeNull();
  });

  test('the argument of a hot reset has groups at the door of groups alone', () => {
    expect(reset([12, 0, 0])).toEqual([-EINVAL]);
    expect(reset([16, 0, 1], { byCdev: true, iommufdOwns: true })).toEqual([-EINVAL]);
  });

  test('the argument of a hot reset is refused after the bus, before there were two doors', () => {
    const noGroup = (version: number | null) => reset([12, 0, 0], { rootBus: true, version });
    expect(noGroup(6001)).toEqual([-ENODEV]);
    expect(noGroup(6012)).toEqual([-EINVAL]);
    expect(noGroup(7003)).toEqual([-EINVAL]);
    expect(noGroup(null)).toEqual([-ENODEV, -EINVAL]);
    expect(reset([16, 0, 1], { rootBus: true })).toEqual([-ENODEV]);
  });
});

describe('the groups that are passed', () => {
  test('the groups that are passed have to be those of all functions', () => {
    expect(passing(7, 8)).toBe('hardware');
    expect(passing(8, 9, 7)).toBe('hardware');
    expect(passing(7)).toEqual([-EINVAL]);
    expect(passing(7, 7)).toEqual([-EINVAL]);
    expect(passing(9)).toEqual([-EINVAL]);
  });

  test('the groups that are passed are open files of groups, the first wrong one decides', () => {
    expect(passing('closed')).toEqual([-EBADF]);
    expect(passing(7, 'other', 'closed')).toEqual([-EINVAL]);
    expect(passing(7, 'closed', 'other')).toEqual([-EBADF]);
    // Also when another driver has a function: the files are looked up first.
    const owned = { busOwned: false, passed: ['closed'] } as const;
    expect(reset([16, 0, 1], owned)).toEqual([-EBADF]);
  });

  test('the groups that are passed may be the right ones as long as one is not known', () => {
    expect(passing(7, 'unknown')).toBe('unowned or hardware');
    expect(reset([16, 0, 1])).toBe('unowned or hardware');
    expect(reset([20, 0, 2], { passed: [7, 8], busGroups: [7, null, 8] })).toBe(
      'unowned or hardware',
    );
    expect(reset([16, 0, 1], { passed: [7], busGroups: [7, null, 8] })).toEqual([-EINVAL]);
  });

  test('the groups that are passed do not help when another driver has a function', () => {
    expect(reset([20, 0, 2], { passed: [7, 8], busOwned: false })).toEqual([-EINVAL]);
    expect(reset([20, 0, 2], { busOwned: false })).toEqual([-EINVAL, -EBADF]);
    expect(reset([20, 0, 2], { busOwned: null })).toBeNull();
  });
});

describe('a hot reset through a character device', () => {
  const ofCdev = (more: Partial<HotResetContext>) => reset([12, 0, 0], { byCdev: true, ...more });

  test('a hot reset through a character device is for the iommufd that owns all of the bus', () => {
    expect(ofCdev({ iommufdOwns: true })).toBe('hardware');
    expect(ofCdev({ iommufdOwns: false })).toEqual([-EINVAL]);
    expect(ofCdev({ iommufdOwns: null })).toBe('unowned or hardware');
    expect(ofCdev({ iommufdOwns: true, busOwned: false })).toEqual([-EINVAL]);
  });

  test('a hot reset through a character device is not possible on a bus without a bridge', () => {
    expect(ofCdev({ iommufdOwns: true, rootBus: true })).toEqual([-ENODEV]);
  });

  test('a hot reset through a door that is not known is not predicted', () => {
    expect(reset([12, 0, 0], { byCdev: null })).toBeNull();
  });
});
