/** Ioctls on page tables and devices (drivers/iommu/iommufd/hw_pagetable.c, device.c 6.12, 7.3). */
import { ERRNO } from '../../../traces/index.js';
import {
  type Answer,
  type Call,
  type Handler,
  orElse,
  refused,
  UNKNOWN_ANSWER,
  withObject,
} from './ioctl-answer.js';
import { recorded, u32, u64 } from './ioctl-argument.js';
import { add, find, type IommufdObject } from './iommufd-objects.js';
import { CHANGED, since } from './iommufd-versions.js';

/** IOMMU_HWPT_ALLOC_* and IOMMU_HWPT_FAULT_ID_VALID. */
const FLAG = { NEST_PARENT: 1, DIRTY: 2, FAULT: 4, PASID: 8 } as const;

/** What the IOMMU's driver and the caller's memory may refuse. */
const HARDWARE_ERRORS: readonly number[] = [
  -ERRNO.EOPNOTSUPP,
  -ERRNO.EINVAL,
  -ERRNO.EFAULT,
  -ERRNO.ENOMEM,
  -ERRNO.ENODEV,
];

export const hwptAlloc: Handler = (call) => {
  const { argument, context } = call;
  if (u32(argument, 20) !== 0) return refused(ERRNO.EOPNOTSUPP);
  const [flags, pt] = [u32(argument, 4), u32(argument, 12)];
  const data = recorded(argument, 32) ? [u32(argument, 24), u32(argument, 28)] : [0, 0];
  if ((data[0] === 0) !== (data[1] === 0)) return refused(ERRNO.EINVAL);
  return withObject(call, u32(argument, 8), 'device', () => {
    const table = find(context, pt);
    if (table === 'unknown') return UNKNOWN_ANSWER;
    switch (table?.type) {
      case 'ioas':
        return onIoas(call, pt, flags, data[0] !== 0);
      case 'hwpt':
      case 'viommu':
        return nested(call, pt, table, flags, data[1] > 0);
      default:
        return refused(ERRNO.EINVAL);
    }
  });
};

function onIoas(call: Call, ioas: number, flags: number, ofDriver: boolean): Answer {
  const { rules, context } = call;
  const answer: Answer = {
    results: [0],
    done: ({ written }) =>
      void add(
        context,
        {
          type: 'hwpt',
          ioas,
          auto: false,
          nestParent: (flags & FLAG.NEST_PARENT) !== 0,
          dirty: (flags & FLAG.DIRTY) !== 0,
          fault: faultOf(call, flags),
        },
        written.u32(16),
      ),
  };
  const hasPasid = since(rules, CHANGED.HWPT_PASID);
  const known = FLAG.NEST_PARENT | FLAG.DIRTY | FLAG.FAULT | FLAG.PASID;
  if ((flags & ~known) !== 0) return refused(ERRNO.EOPNOTSUPP);
  if ((flags & FLAG.PASID) !== 0 && hasPasid === false) return refused(ERRNO.EOPNOTSUPP);
  if ((flags & FLAG.FAULT) !== 0) return withFault(call, orElse(answer, HARDWARE_ERRORS));
  if (flags !== 0 || ofDriver) return orElse(answer, HARDWARE_ERRORS);
  // The mappings of the IOAS are mapped in the new page table, too.
  const space = context.objects.get(ioas);
  const mapped = space?.type === 'ioas' && (space.space.areas.length > 0 || !space.space.complete);
  return mapped
    ? orElse(answer, [-ERRNO.EFAULT, -ERRNO.ENOMEM, -ERRNO.EADDRINUSE, -ERRNO.EINVAL])
    : answer;
}

/** The fault queue is looked up when the page table is created, which the driver may refuse. */
function withFault(call: Call, answer: Answer): Answer {
  const { argument, context } = call;
  const id = recorded(argument, 44) ? find(context, u32(argument, 40)) : 'unknown';
  if (id === 'unknown') return orElse(answer, [-ERRNO.ENOENT]);
  return id?.type === 'fault'
    ? answer
    : { results: [-ERRNO.ENOENT, -ERRNO.EOPNOTSUPP, -ERRNO.EINVAL] };
}

function faultOf({ argument }: Call, flags: number): number | null {
  return (flags & FLAG.FAULT) !== 0 && recorded(argument, 44) ? u32(argument, 40) : null;
}

function nested(
  call: Call,
  pt: number,
  table: Extract<IommufdObject, { type: 'hwpt' | 'viommu' }>,
  flags: number,
  hasData: boolean,
): Answer {
  if ((flags & ~FLAG.FAULT & ~FLAG.PASID) !== 0 || !hasData) return refused(ERRNO.EOPNOTSUPP);
  if (table.type === 'hwpt' && (table.auto || !table.nestParent)) {
    return refused(ERRNO.EINVAL, ERRNO.EOPNOTSUPP);
  }
  const { context } = call;
  const fault = faultOf(call, flags);
  const answer: Answer = {
    results: [0, ...HARDWARE_ERRORS],
    done: ({ written }) =>
      void add(context, { type: 'nested', parent: pt, fault }, written.u32(16)),
  };
  return (flags & FLAG.FAULT) !== 0 ? withFault(call, answer) : answer;
}

export const hwInfo: Handler = (call) => {
  const { argument, rules } = call;
  const flags = u32(argument, 4);
  const takesInput = since(rules, CHANGED.HW_INFO_INPUT);
  if ((flags & ~1) !== 0 || (flags === 1 && takesInput === false)) {
    return refused(ERRNO.EOPNOTSUPP);
  }
  const room = u32(argument, 12);
  return withObject(call, u32(argument, 8), 'device', () => ({
    // The driver's information, and whether the caller's memory has room for it, are not recorded.
    results: room === 0 && flags === 0 ? [0] : [0, -ERRNO.EFAULT, -ERRNO.EOPNOTSUPP],
  }));
};

export const setDirtyTracking: Handler = (call) => {
  const { argument } = call;
  if ((u32(argument, 4) & ~1) !== 0) return refused(ERRNO.EOPNOTSUPP);
  return withObject(call, u32(argument, 8), 'hwpt', ({ dirty }) =>
    dirty ? { results: [0] } : refused(ERRNO.EOPNOTSUPP),
  );
};

export const getDirtyBitmap: Handler = (call) => {
  const { argument } = call;
  if ((u32(argument, 8) & ~1) !== 0 || u32(argument, 12) !== 0) return refused(ERRNO.EOPNOTSUPP);
  return withObject(call, u32(argument, 4), 'hwpt', ({ dirty }) => ({
    results: [
      dirty ? 0 : -ERRNO.EOPNOTSUPP,
      ...[-ERRNO.EINVAL, -ERRNO.EOVERFLOW, -ERRNO.EFAULT, -ERRNO.ENOMEM],
    ],
  }));
};

export const invalidate: Handler = (call) => {
  const { argument, rules, context } = call;
  if (u32(argument, 28) !== 0) return refused(ERRNO.EOPNOTSUPP);
  const entries = u32(argument, 24);
  const noEntries = u64(argument, 8) === 0n || u32(argument, 20) === 0;
  if (entries > 0 && noEntries) return refused(ERRNO.EINVAL);
  const object = find(context, u32(argument, 4));
  if (object === 'unknown') return UNKNOWN_ANSWER;
  if (object === null) return refused(ERRNO.ENOENT);
  const any = since(rules, CHANGED.INVALIDATE_ANY);
  // The hardware's driver decides about the entries.
  if (object.type === 'nested' || (object.type === 'viommu' && any !== false))
    return UNKNOWN_ANSWER;
  if (any === null) return refused(ERRNO.ENOENT, ERRNO.EINVAL);
  return refused(any ? ERRNO.EINVAL : ERRNO.ENOENT);
};

export const faultQueueAlloc: Handler = ({ argument, context }) =>
  u32(argument, 4) !== 0
    ? refused(ERRNO.EOPNOTSUPP)
    : {
        results: [0, -ERRNO.EMFILE, -ERRNO.ENFILE],
        done: ({ written }) => {
          const file = written.u32(12);
          const queue = { type: 'fault', viommu: null, file, open: null } as const;
          add(context, queue, written.u32(8));
        },
      };
