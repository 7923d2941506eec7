/** Ioctls of vIOMMUs and what belongs to them (drivers/iommu/iommufd/viommu.c, eventq.c 7.3). */
import { ERRNO } from '../../../traces/index.js';
import { because } from '../reason.js';
import {
  type Answer,
  type Handler,
  noObject,
  orElse,
  refused,
  UNKNOWN_ANSWER,
  unsupported,
  withObject,
} from './ioctl-answer.js';
import { u32, u64 } from './ioctl-argument.js';
import { add, find, type OfViommu } from './iommufd-objects.js';

/** What the IOMMU's driver decides. */
const HARDWARE_ERRORS: readonly number[] = [
  -ERRNO.EOPNOTSUPP,
  -ERRNO.EINVAL,
  -ERRNO.EFAULT,
  -ERRNO.ENOMEM,
  -ERRNO.EIO,
  -ERRNO.ENODEV,
];

const NO_VIOMMU = because(ERRNO.EOPNOTSUPP, 'the driver of this IOMMU has no vIOMMU');

export const viommuAlloc: Handler = (call) => {
  const { argument, context } = call;
  if (u32(argument, 4) !== 0) return unsupported('flags', u32(argument, 4));
  if (u32(argument, 8) === 0) return unsupported('the type', 0);
  const table = u32(argument, 16);
  return withObject(call, u32(argument, 12), 'device', () => {
    const hwpt = find(context, table);
    if (hwpt === 'unknown') return UNKNOWN_ANSWER;
    // A driver without vIOMMUs refuses before the page table is looked up.
    if (hwpt?.type !== 'hwpt') return orElse(noObject(table, hwpt, 'hwpt'), NO_VIOMMU);
    const text = `page table ${table} was not made to be a parent`;
    if (!hwpt.nestParent) return orElse(refused(ERRNO.EINVAL, text), NO_VIOMMU);
    return {
      results: [0, ...HARDWARE_ERRORS],
      done: ({ written }) => void add(context, { type: 'viommu', hwpt: table }, written.u32(20)),
    };
  });
};

/** Numbers of a new object of a vIOMMU, whose driver may refuse it. */
const ofViommu =
  (
    type: OfViommu['type'],
    place: number,
    refuse: (call: Parameters<Handler>[0]) => Answer | null,
  ): Handler =>
  (call) => {
    const { argument, context } = call;
    const early = refuse(call);
    if (early !== null) return early;
    const viommu = u32(argument, type === 'vdevice' ? 4 : 8);
    return withObject(call, viommu, 'viommu', () => ({
      results: [0, ...HARDWARE_ERRORS, -ERRNO.ENOENT, -ERRNO.EEXIST, -ERRNO.ERANGE, -ERRNO.EPERM],
      done: ({ written }) => void add(context, { type, viommu }, written.u32(place)),
    }));
  };

export const vdeviceAlloc = ofViommu('vdevice', 12, () => null);

export const hwQueueAlloc = ofViommu('hw-queue', 20, ({ argument }) => {
  if (u32(argument, 4) !== 0) return unsupported('flags', u32(argument, 4));
  if (u32(argument, 12) === 0) return unsupported('the type', 0);
  const [first, length] = [u64(argument, 24), u64(argument, 32)];
  if (length === 0n) return refused(ERRNO.EINVAL, 'length is 0');
  const wraps = first + length - 1n >= 1n << 64n;
  return wraps ? refused(ERRNO.EOVERFLOW, 'the range goes past 2^64') : null;
});

export const veventqAlloc: Handler = (call) => {
  const { argument, context } = call;
  const isPlain = u32(argument, 4) === 0 && u32(argument, 28) === 0 && u32(argument, 12) !== 0;
  if (!isPlain)
    return refused(ERRNO.EOPNOTSUPP, 'flags or reserved bytes are set, or the type is 0');
  if (u32(argument, 16) === 0) return refused(ERRNO.EINVAL, 'the queue has no entries');
  const viommu = u32(argument, 8);
  return withObject(call, viommu, 'viommu', () => ({
    results: [0, ...HARDWARE_ERRORS, -ERRNO.EEXIST, -ERRNO.EMFILE],
    done: ({ written }) => {
      const queue = { type: 'veventq', viommu, file: null, open: null } as const;
      add(context, queue, written.u32(20));
    },
  }));
};
