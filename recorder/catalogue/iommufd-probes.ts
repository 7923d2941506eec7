/** iommufd: the calls on /dev/iommu and the end of its files (Linux drivers/iommu/iommufd). */
import { answered, arg, member, point, user } from './probe-builders.js';
import type { Probe } from './probe-definition.js';

const base = { module: 'iommufd', group: 'vfio', path: 'vfio' } as const;
/**
 * Distinguishes its calls from those of a container, which have the same names where an iommufd
 * serves them.
 */
const driver = { constant: 'iommufd' } as const;

/**
 * Identifies the iommufd, since several processes may share one: the low half of its object's
 * address, which does not reveal the kernel's layout.
 */
const context = (file: number) => member(file, 'x32', 'file.private_data');

/** Words of the struct that the caller passes: the largest has 48 bytes (uapi iommufd.h 7.3). */
const WORDS = {
  w4: user(3, 4, 'x32'),
  w8: user(3, 8, 'x64'),
  w16: user(3, 16, 'x64'),
  w24: user(3, 24, 'x64'),
  w32: user(3, 32, 'x64'),
} as const;

export const IOMMUFD: readonly Probe[] = [
  ...answered(
    {
      ...base,
      symbol: 'iommufd_fops_ioctl',
      kind: 'ioctl',
      fetch: {
        ctx: context(1),
        cmd: arg(2, 'x32'),
        arg: arg(3, 'x64'),
        size: user(3, 0, 'u32'),
        ...WORDS,
        w40: user(3, 40, 'x64'),
      },
      columns: {
        driver,
        ioctl: { field: 'cmd', file: 'iommufd' },
        offset: 'arg',
        length: 'ctx',
        data: [
          ['size', 4],
          ['w4', 4],
          ['w8', 8],
          ['w16', 8],
          ['w24', 8],
          ['w32', 8],
          ['w40', 8],
        ],
      },
    },
    // The struct as the kernel has filled it in; few calls answer in the word at 24, the last.
    WORDS,
    [
      ['w4', 4],
      ['w8', 8],
      ['w16', 8],
      ['w32', 8],
      ['w24', 8],
    ],
    's64',
  ),
  ...point({
    ...base,
    symbol: 'iommufd_fops_release',
    kind: 'file.close',
    fetch: { ctx: context(2) },
    columns: { driver, length: 'ctx' },
  }),
];
