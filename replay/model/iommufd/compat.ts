/**
 * The calls of a container, which an iommufd serves on one of its IOAS
 * (drivers/iommu/iommufd/vfio_compat.c 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { type AddressSpace, MAP, overlapping, PAGE, split, U64_MAX } from './address-space.js';
import { disableLargePages, mapRange, refuseMemory, unmapAll, unmapRange } from './ioas.js';
import {
  type Answer,
  type Call,
  type Handler,
  noObject,
  OK,
  orElse,
  refused,
  UNKNOWN_ANSWER,
  unsupported,
} from './ioctl-answer.js';
import { type Argument, recorded, u16, u32, u64 } from './ioctl-argument.js';
import { add, type Context, find, type Ioas, newIoas } from './iommufd-objects.js';

const NO_COMPAT = refused(ERRNO.ENODEV, 'the iommufd has no IOAS that stands for a container');

/** Continues with the IOAS that serves these calls. */
function withCompat(context: Context, go: (ioas: Ioas, id: number) => Answer): Answer {
  const { compat } = context;
  if (compat === 'unknown') return UNKNOWN_ANSWER;
  if (compat === null) return NO_COMPAT;
  const ioas = find(context, compat);
  const isKnown = ioas !== 'unknown' && ioas?.type === 'ioas';
  return isKnown ? go(ioas, compat) : UNKNOWN_ANSWER;
}

const OP = { GET: 0, SET: 1, CLEAR: 2 } as const;

/** IOMMU_VFIO_IOAS: returns, sets or clears that IOAS. */
export const vfioIoas: Handler = ({ argument, context }) => {
  if (u16(argument, 10) !== 0) return unsupported('reserved bytes', u16(argument, 10));
  const id = u32(argument, 4);
  switch (u16(argument, 8)) {
    case OP.GET: {
      const learn: Answer['done'] = ({ written }) => {
        context.compat = written.u32(4) ?? context.compat;
      };
      if (context.compat === 'unknown') return { results: null, done: learn };
      return context.compat === null ? NO_COMPAT : OK;
    }
    case OP.SET: {
      const ioas = find(context, id);
      const done = () => {
        context.compat = id;
      };
      if (ioas === 'unknown') return { results: null, done };
      return ioas?.type === 'ioas' ? { results: [0], done } : noObject(id, ioas, 'ioas');
    }
    case OP.CLEAR:
      return {
        results: [0],
        done: () => {
          context.compat = null;
        },
      };
    default:
      return unsupported('the operation', u16(argument, 8));
  }
};

const TYPE1 = 1;
const DMA_CC = 4;
/** VFIO_TYPE1_IOMMU, VFIO_TYPE1v2_IOMMU, VFIO_UNMAP_ALL. */
const EXTENSIONS: readonly number[] = [TYPE1, 3, 9];

const HANDLERS: Readonly<Record<string, Handler>> = {
  VFIO_GET_API_VERSION: () => OK,
  VFIO_CHECK_EXTENSION: ({ argument, context }) => {
    const { address } = argument;
    // The operation is in the argument itself.
    if (address === null) return { results: [0, 1, -ERRNO.ENODEV] };
    if (address === DMA_CC) return withCompat(context, () => ({ results: [0, 1] }));
    return { results: [EXTENSIONS.includes(address) ? 1 : 0] };
  },
  VFIO_SET_IOMMU: ({ argument, context }) => {
    const { address } = argument;
    if (address === null) return withType(context);
    if (address !== TYPE1 && address !== 3) {
      return refused(ERRNO.EINVAL, `${address} is not a type of IOMMU that an iommufd serves`);
    }
    return withCompat(context, ({ space }, id) =>
      address === TYPE1 ? disableLargePages(context, id, space) : OK,
    );
  },
  VFIO_IOMMU_GET_INFO: withStruct(16, ({ argument, context }) =>
    u32(argument, 0) < 16 ? tooSmall(argument, 16) : withCompat(context, () => OK),
  ),
  VFIO_IOMMU_MAP_DMA: withStruct(32, mapDma),
  VFIO_IOMMU_UNMAP_DMA: withStruct(24, unmapDma),
};

/** SET_IOMMU to a type that is not recorded. */
const withType = (context: Context): Answer =>
  withCompat(context, ({ space }) => ({
    results: [0, -ERRNO.EINVAL, -ERRNO.EADDRINUSE],
    done: () => {
      space.smallPages = space.smallPages === true ? true : null;
    },
  }));

/** A call whose argument has to have been recorded up to its last member. */
function withStruct(bytes: number, handler: Handler): Handler {
  return (call) => {
    const { argument } = call;
    if (argument.address === 0) {
      return refused(ERRNO.EFAULT, 'the address of the argument is 0');
    }
    return recorded(argument, bytes) ? handler(call) : UNKNOWN_ANSWER;
  };
}

const tooSmall = (argument: Argument, least: number): Answer =>
  refused(ERRNO.EINVAL, `argsz is ${u32(argument, 0)}, less than ${least}`);
const unknownFlags = (flags: number): Answer =>
  refused(ERRNO.EINVAL, `flags ${hex(flags)} are not all known`);

const DMA = { READ: 1, WRITE: 2, UNMAP_ALL: 2 } as const;

function mapDma(call: Call): Answer {
  const { argument } = call;
  const flags = u32(argument, 4);
  if (u32(argument, 0) < 32) return tooSmall(argument, 32);
  if ((flags & ~(DMA.READ | DMA.WRITE)) !== 0) return unknownFlags(flags);
  const [vaddr, iova, length] = [u64(argument, 8), u64(argument, 16), u64(argument, 24)];
  return withCompat(call.context, ({ space }, id) => {
    const own =
      MAP.FIXED |
      ((flags & DMA.READ) !== 0 ? MAP.READ : 0) |
      ((flags & DMA.WRITE) !== 0 ? MAP.WRITE : 0);
    const range = { iova, length, flags: own, pageOffset: Number(vaddr % PAGE) };
    return refuseMemory(vaddr, length) ?? mapRange(call, id, space, range);
  });
}

function unmapDma({ argument, context }: Call): Answer {
  const flags = u32(argument, 4);
  if (u32(argument, 0) < 24) return tooSmall(argument, 24);
  if ((flags & ~DMA.UNMAP_ALL) !== 0) return unknownFlags(flags);
  const [iova, length] = [u64(argument, 8), u64(argument, 16)];
  return withCompat(context, ({ space }) => {
    if ((flags & DMA.UNMAP_ALL) !== 0) {
      return iova !== 0n || length !== 0n
        ? refused(ERRNO.EINVAL, 'UNMAP_ALL takes no range')
        : unmapAll(space);
    }
    if (length === 0n) return refused(ERRNO.EINVAL, 'size is 0');
    const last = iova + length - 1n;
    if (last > U64_MAX) return refused(ERRNO.EOVERFLOW, 'the range goes past 2^64');
    // Where large pages are off, mappings are cut as a container of type 1 does.
    if (space.smallPages === true) cut(space, iova, last);
    const answer = unmapRange(space, iova, last);
    const isCut = answer.results?.includes(-ERRNO.ENOENT) === true;
    if (isCut && space.smallPages === null && overlapping(space, iova, last).length > 0) {
      return { results: null, done: () => loseAreas(space) };
    }
    // Like a container, some kernels report success although nothing was unmapped.
    return isCut ? orElse(answer, [0]) : answer;
  });
}

function cut(space: AddressSpace, iova: bigint, last: bigint): void {
  split(space, last);
  if (iova > 0n) split(space, iova - 1n);
}

/** A part of the mappings was removed; which one is not known. */
function loseAreas(space: AddressSpace): void {
  space.areas = [];
  space.complete = false;
}

/**
 * A group was put into the iommufd in a container's place: an IOAS is made for it, unless there is
 * one (`iommufd_vfio_compat_ioas_create`).
 */
export function makeCompat(context: Context): void {
  if (context.compat === null) context.compat = add(context, newIoas(context), null) ?? 'unknown';
  else if (context.compat === 'unknown') context.complete = false;
}

/** A call of a container; null when an iommufd does not have it. */
export const compatIoctl = (call: Call, name: string): Answer | null =>
  HANDLERS[name]?.(call) ?? null;
