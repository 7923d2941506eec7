/** Ioctls on page tables and devices (drivers/iommu/iommufd/hw_pagetable.c, device.c 6.12, 7.3). */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { anyOf, because, type Results, unseen } from '../reason.js';
import {
  type Answer,
  type Call,
  type Handler,
  NOT_PINNED,
  noObject,
  orElse,
  refused,
  UNKNOWN_ANSWER,
  unsupported,
  withObject,
} from './ioctl-answer.js';
import { recorded, u32, u64 } from './ioctl-argument.js';
import { add, find, type IommufdObject } from './iommufd-objects.js';
import { CHANGED, since } from './iommufd-versions.js';

/** IOMMU_HWPT_ALLOC_* and IOMMU_HWPT_FAULT_ID_VALID. */
export const FLAG = { NEST_PARENT: 1, DIRTY: 2, FAULT: 4, PASID: 8 } as const;

/** What the IOMMU's driver and the caller's memory may refuse. */
const DECIDED = unseen(
  'what the driver of the IOMMU checks is not recorded',
  ERRNO.EINVAL,
  ERRNO.EFAULT,
  ERRNO.ENOMEM,
  ERRNO.ENODEV,
);

const lacks = (what: string): Results =>
  because(ERRNO.EOPNOTSUPP, `the driver of the IOMMU does not support ${what}`);
const HARDWARE_ERRORS = anyOf(lacks('such a page table'), DECIDED);

export const hwptAlloc: Handler = (call) => {
  const { argument, context } = call;
  if (u32(argument, 20) !== 0) return unsupported('reserved bytes', u32(argument, 20));
  const [flags, pt] = [u32(argument, 4), u32(argument, 12)];
  const data = recorded(argument, 32) ? [u32(argument, 24), u32(argument, 28)] : [0, 0];
  if ((data[0] === 0) !== (data[1] === 0)) {
    return refused(ERRNO.EINVAL, `data of type ${data[0]} has ${data[1]} bytes`);
  }
  return withObject(call, u32(argument, 8), 'device', () => {
    const table = find(context, pt);
    if (table === 'unknown') return UNKNOWN_ANSWER;
    switch (table?.type) {
      case 'ioas':
        return onIoas(call, pt, flags, data[0] !== 0);
      case 'hwpt':
      case 'viommu':
        return nested(call, pt, table, flags, data[1] > 0);
      default: {
        const text = `object ${pt} is neither an IOAS nor a page table`;
        return refused(ERRNO.EINVAL, text, `iommufd/${pt}`);
      }
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
          pasid: (flags & FLAG.PASID) !== 0,
          fault: faultOf(call, flags),
        },
        written.u32(16),
      ),
  };
  const hasPasid = since(rules, CHANGED.HWPT_PASID);
  const known = FLAG.NEST_PARENT | FLAG.DIRTY | FLAG.FAULT | FLAG.PASID;
  if ((flags & ~known) !== 0) return unsupported('flags', flags);
  if ((flags & FLAG.PASID) !== 0 && hasPasid === false) return unsupported('flags', flags);
  if ((flags & FLAG.FAULT) !== 0) {
    return withFault(call, orElse(answer, anyOf(lacks(`flags ${hex(flags)}`), DECIDED)), flags);
  }
  if (flags !== 0 || ofDriver) {
    const asked = `flags ${hex(flags)}${ofDriver ? ' and data of its own' : ''}`;
    return orElse(answer, anyOf(lacks(asked), DECIDED));
  }
  // The mappings of the IOAS are mapped in the new page table, too.
  const space = context.objects.get(ioas);
  const mapped = space?.type === 'ioas' && (space.space.areas.length > 0 || !space.space.complete);
  return mapped ? orElse(answer, FILL_ERRORS) : answer;
}

const FILL_ERRORS = anyOf(
  NOT_PINNED,
  because(ERRNO.ENOMEM, 'there is no memory for the page table'),
  unseen('what the IOMMU answers to the mappings is not recorded', ERRNO.EADDRINUSE, ERRNO.EINVAL),
);

/** The fault queue is looked up when the page table is created, which the driver may refuse. */
function withFault(call: Call, answer: Answer, flags: number): Answer {
  const { argument, context } = call;
  const id = recorded(argument, 44) ? find(context, u32(argument, 40)) : 'unknown';
  if (id === 'unknown')
    return orElse(answer, because(ERRNO.ENOENT, 'there is no such fault queue'));
  if (id?.type === 'fault') return answer;
  const queue = u32(argument, 40);
  const missing = because(ERRNO.ENOENT, `object ${queue} is no fault queue`, `iommufd/${queue}`);
  const order = unseen('what the driver of the IOMMU checks is not recorded', ERRNO.EINVAL);
  return { results: anyOf(missing, lacks(`flags ${hex(flags)}`), order) };
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
  if ((flags & ~FLAG.FAULT & ~FLAG.PASID) !== 0 || !hasData) {
    const text = `a nested page table takes no flags ${hex(flags)}, and needs data`;
    return refused(ERRNO.EOPNOTSUPP, text);
  }
  if (table.type === 'hwpt' && (table.auto || !table.nestParent)) {
    const text = `page table ${pt} was not made to be a parent`;
    const errnos = [ERRNO.EINVAL, ERRNO.EOPNOTSUPP];
    return { results: anyOf(...errnos.map((n) => because(n, text, `iommufd/${pt}`))) };
  }
  const { context } = call;
  const fault = faultOf(call, flags);
  const answer: Answer = {
    results: anyOf([0], HARDWARE_ERRORS),
    done: ({ written }) =>
      void add(
        context,
        { type: 'nested', parent: pt, pasid: (flags & FLAG.PASID) !== 0, fault },
        written.u32(16),
      ),
  };
  return (flags & FLAG.FAULT) !== 0 ? withFault(call, answer, flags) : answer;
}

export const hwInfo: Handler = (call) => {
  const { argument, rules } = call;
  const flags = u32(argument, 4);
  const takesInput = since(rules, CHANGED.HW_INFO_INPUT);
  if ((flags & ~1) !== 0 || (flags === 1 && takesInput === false)) {
    return unsupported('flags', flags);
  }
  const room = u32(argument, 12);
  return withObject(call, u32(argument, 8), 'device', () => ({
    // The driver's information, and whether the caller's memory has room for it, are not recorded.
    results:
      room === 0 && flags === 0
        ? [0]
        : anyOf([0], because(ERRNO.EFAULT, 'the data cannot be written'), [-ERRNO.EOPNOTSUPP]),
  }));
};

const notDirty = (id: number): Results =>
  because(ERRNO.EOPNOTSUPP, `page table ${id} was not made to track dirty pages`, `iommufd/${id}`);

export const setDirtyTracking: Handler = (call) => {
  const { argument } = call;
  if ((u32(argument, 4) & ~1) !== 0) return unsupported('flags', u32(argument, 4));
  const id = u32(argument, 8);
  return withObject(call, id, 'hwpt', ({ dirty }) => ({ results: dirty ? [0] : notDirty(id) }));
};

export const getDirtyBitmap: Handler = (call) => {
  const { argument } = call;
  if ((u32(argument, 8) & ~1) !== 0) return unsupported('flags', u32(argument, 8));
  if (u32(argument, 12) !== 0) return unsupported('reserved bytes', u32(argument, 12));
  const id = u32(argument, 4);
  const others = [-ERRNO.EINVAL, -ERRNO.EOVERFLOW, -ERRNO.EFAULT, -ERRNO.ENOMEM];
  return withObject(call, id, 'hwpt', ({ dirty }) => ({
    results: anyOf(dirty ? [0] : notDirty(id), others),
  }));
};

export const invalidate: Handler = (call) => {
  const { argument, rules, context } = call;
  if (u32(argument, 28) !== 0) return unsupported('reserved bytes', u32(argument, 28));
  const entries = u32(argument, 24);
  const noEntries = u64(argument, 8) === 0n || u32(argument, 20) === 0;
  if (entries > 0 && noEntries) {
    return refused(ERRNO.EINVAL, `there are ${entries} entries without an address or a size`);
  }
  const id = u32(argument, 4);
  const object = find(context, id);
  if (object === 'unknown') return UNKNOWN_ANSWER;
  if (object === null) return noObject(id, null, 'nested');
  const any = since(rules, CHANGED.INVALIDATE_ANY);
  // The hardware's driver decides about the entries.
  if (object.type === 'nested' || (object.type === 'viommu' && any !== false))
    return UNKNOWN_ANSWER;
  const text = `object ${id} is of type ${object.type}, which has nothing to invalidate`;
  const errnos = any === null ? [ERRNO.ENOENT, ERRNO.EINVAL] : [any ? ERRNO.EINVAL : ERRNO.ENOENT];
  return { results: anyOf(...errnos.map((n) => because(n, text, `iommufd/${id}`))) };
};

export const faultQueueAlloc: Handler = ({ argument, context }) =>
  u32(argument, 4) !== 0
    ? unsupported('flags', u32(argument, 4))
    : {
        results: [0, -ERRNO.EMFILE, -ERRNO.ENFILE],
        done: ({ written }) => {
          const file = written.u32(12);
          const queue = { type: 'fault', viommu: null, file, open: null } as const;
          add(context, queue, written.u32(8));
        },
      };
