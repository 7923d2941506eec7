/** Ioctls on an IOAS (drivers/iommu/iommufd/ioas.c, 6.12 and 7.3). */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { anyOf, because, type Results, unseen } from '../reason.js';
import {
  type AddressSpace,
  type Area,
  checkRange,
  covering,
  insert,
  MAP,
  PAGE,
  type Range,
  removeAreas,
  type Target,
  U64_MAX,
  unmap,
} from './address-space.js';
import {
  type Answer,
  type Call,
  type Handler,
  OK,
  orElse,
  refused,
  unsupported,
  withObject,
} from './ioctl-answer.js';
import { recorded, u16, u32, u64 } from './ioctl-argument.js';
import { add, type Context, devicesOn, hwptsOf, newIoas } from './iommufd-objects.js';

const ALL_FLAGS = MAP.FIXED | MAP.WRITE | MAP.READ;

export const ioasAlloc: Handler = ({ context, argument }) =>
  u32(argument, 4) !== 0
    ? unsupported('flags', u32(argument, 4))
    : { results: [0], done: ({ written }) => void add(context, newIoas(context), written.u32(8)) };

/** What the range of an IOAS is mapped for. */
function targetOf(context: Context, ioas: number): Target {
  const aligned = hwptsOf(context, ioas).length > 0 || hasAccess(context, ioas);
  return {
    aligned: aligned || (context.complete ? false : null),
    attached: devicesOn(context, ioas),
  };
}

const hasAccess = (context: Context, ioas: number): boolean =>
  [...context.objects.values()].some((o) => o.type === 'access' && o.ioas === ioas);

/** Pages of the user are pinned when there is a page table to put them into. */
const PIN_ERRORS: Results = anyOf(
  because(ERRNO.EFAULT, 'the memory cannot be pinned'),
  because(ERRNO.ENOMEM, 'there is no memory for it, or no more may be pinned'),
  // __get_user_pages gives up for a fatal signal, kernel mm/gup.c 6.12.
  because(ERRNO.EINTR, 'the task was killed while its memory was pinned'),
);

/**
 * Maps a range of the caller's memory.
 * @param errors with which the memory can be refused
 */
export function mapRange(
  { context }: Call,
  ioas: number,
  space: AddressSpace,
  range: Range,
  errors: Results = PIN_ERRORS,
): Answer {
  const target = targetOf(context, ioas);
  const results = checkRange(space, range, target);
  const mayFail = results?.includes(0) && (target.aligned !== false || errors !== PIN_ERRORS);
  return {
    results: results === null || !mayFail ? results : anyOf(results, errors),
    done: ({ written, at }) => {
      const fixed = (range.flags & MAP.FIXED) !== 0;
      const iova = fixed ? range.iova : written.u64(32);
      note(space, iova, range, (range.flags & MAP.WRITE) !== 0, at);
    },
  };
}

/** Adds a mapping. If the kernel chose the address, only the result of the call shows it. */
function note(
  space: AddressSpace,
  iova: bigint | null,
  { length, flags, pageOffset }: Range,
  writable: boolean,
  since: bigint,
): void {
  if (iova === null) space.complete = false;
  else {
    const last = iova + length - 1n;
    const area: Area = { iova, last, flags, writable, pageOffset, since };
    insert(space, area);
  }
}

const tooFar = (what: string): Answer => refused(ERRNO.EOVERFLOW, `${what} goes past 2^64`);
const noAccess = (): Answer => refused(ERRNO.EINVAL, 'flags ask for neither READ nor WRITE');
const EMPTY = refused(ERRNO.EINVAL, 'length is 0');

/** Checks of IOAS_MAP and IOAS_MAP_FILE before the IOAS is looked up. */
function refuseMap(flags: number, iova: bigint, length: bigint): Answer | null {
  if ((flags & ~ALL_FLAGS) !== 0) return unsupported('flags', flags);
  if (iova === U64_MAX || length === U64_MAX) return tooFar('iova or length');
  return (flags & (MAP.WRITE | MAP.READ)) === 0 ? noAccess() : null;
}

export const ioasMap: Handler = (call) => {
  const { argument } = call;
  const flags = u32(argument, 4);
  const ioas = u32(argument, 8);
  const [vaddr, length, iova] = [u64(argument, 16), u64(argument, 24), u64(argument, 32)];
  if (u32(argument, 12) !== 0) return unsupported('reserved bytes', u32(argument, 12));
  const early = refuseMap(flags, iova, length);
  if (early !== null) return early;
  return withObject(call, ioas, 'ioas', ({ space }) => {
    const memory = refuseMemory(vaddr, length);
    const range = { iova, length, flags, pageOffset: Number(vaddr % PAGE) };
    return memory ?? mapRange(call, ioas, space, range);
  });
};

/** `iopt_alloc_user_pages`: checks of the memory itself. */
export function refuseMemory(vaddr: bigint, length: bigint): Answer | null {
  if (length === 0n) return EMPTY;
  if (length > U64_MAX - PAGE) return refused(ERRNO.EINVAL, `length is ${hex(length)}`);
  if (vaddr + length <= U64_MAX) return null;
  const text = 'the memory ends past 2^64';
  return { results: anyOf(because(ERRNO.EOVERFLOW, text), because(ERRNO.EINVAL, text)) };
}

/** What the file is, and how long, is not recorded. */
const FILE_ERRORS: Results = unseen(
  'what the file is, and how long, is not recorded',
  ERRNO.EBADF,
  ERRNO.EINVAL,
  ERRNO.EFAULT,
  ERRNO.ENOMEM,
  ERRNO.EOVERFLOW,
);

export const ioasMapFile: Handler = (call) => {
  const { argument } = call;
  const flags = u32(argument, 4);
  const ioas = u32(argument, 8);
  const [start, length, iova] = [u64(argument, 16), u64(argument, 24), u64(argument, 32)];
  const early = refuseMap(flags, iova, length);
  if (early !== null) return early;
  return withObject(call, ioas, 'ioas', ({ space }) => {
    const badFile = (u32(argument, 12) | 0) < 0;
    if (badFile) return refused(ERRNO.EBADF, `fd is ${u32(argument, 12) | 0}`);
    const range = { iova, length, flags, pageOffset: Number(start % PAGE) };
    // The file is checked before the addresses.
    return orElse(mapRange(call, ioas, space, range, FILE_ERRORS), FILE_ERRORS);
  });
};

export const ioasUnmap: Handler = (call) => {
  const { argument } = call;
  const [iova, length] = [u64(argument, 8), u64(argument, 16)];
  return withObject(call, u32(argument, 4), 'ioas', ({ space }) => {
    if (iova === 0n && length === U64_MAX) return unmapAll(space);
    if (iova === U64_MAX || length === U64_MAX) return tooFar('iova or length');
    if (length === 0n) return EMPTY;
    return unmapRange(space, iova, iova + length - 1n);
  });
};

export function unmapAll(space: AddressSpace): Answer {
  return {
    results: [0],
    done: () => {
      space.areas = [];
      space.complete = true;
    },
  };
}

export function unmapRange(space: AddressSpace, first: bigint, last: bigint): Answer {
  if (last > U64_MAX) return tooFar('the range');
  const { result, gone } = unmap(space, first, last);
  const take = () => removeAreas(space, gone);
  // Of an area that is not known nothing is known.
  const text = `${hex(first)} to ${hex(last)} has no mapping, or not a whole one`;
  const known = result === 0 ? [0] : because(-result, text);
  return { results: space.complete ? known : null, done: take, failed: take };
}

export const ioasCopy: Handler = (call) => {
  const { argument, context } = call;
  const flags = u32(argument, 4);
  const [target, source] = [u32(argument, 8), u32(argument, 12)];
  const [length, to, from] = [u64(argument, 16), u64(argument, 24), u64(argument, 32)];
  if ((flags & ~ALL_FLAGS) !== 0) return unsupported('flags', flags);
  if (length === U64_MAX || from === U64_MAX || to === U64_MAX) return tooFar('the range');
  if ((flags & (MAP.WRITE | MAP.READ)) === 0) return noAccess();
  return withObject(call, source, 'ioas', ({ space: old }) => {
    if (length === 0n) return EMPTY;
    const last = from + length - 1n;
    if (last > U64_MAX) return tooFar('the range');
    const pages = covering(old, from, last);
    const hole = `${hex(from)} to ${hex(last)} is not mapped as a whole in object ${source}`;
    if (pages === null) return old.complete ? refused(ERRNO.ENOENT, hole) : { results: null };
    return withObject(call, target, 'ioas', ({ space }) => {
      const pageOffset = (pages[0].pageOffset + Number((from - pages[0].iova) % PAGE)) % 4096;
      const range = { iova: to, length, flags, pageOffset };
      const writable = pages.every((area) => area.writable);
      const where = targetOf(context, target);
      const checked = checkRange(space, range, where);
      const denied = (flags & MAP.WRITE) !== 0 && !writable;
      const pins = where.aligned === false ? [] : PIN_ERRORS;
      return {
        results: checked === null ? null : copied(checked, denied, pins),
        done: ({ written, at }) => {
          const fixed = (flags & MAP.FIXED) !== 0;
          note(space, fixed ? to : written.u64(24), range, writable, at);
        },
      };
    });
  });
};

/** What copying returns where the addresses alone would allow it. */
function copied(checked: Results, denied: boolean, pins: Results): Results {
  if (!checked.includes(0)) return checked;
  const text = 'the source is not writable, and its copy would be';
  return denied
    ? anyOf(
        because(ERRNO.EPERM, text),
        checked.filter((r) => r !== 0),
      )
    : anyOf(checked, pins);
}

export const iovaRanges: Handler = (call) => {
  const { argument, context } = call;
  const ioas = u32(argument, 4);
  const room = u32(argument, 8);
  if (u32(argument, 12) !== 0) return unsupported('reserved bytes', u32(argument, 12));
  return withObject(call, ioas, 'ioas', () => {
    const bad = room > 0 ? because(ERRNO.EFAULT, 'the ranges cannot be written') : [];
    const few = because(ERRNO.EMSGSIZE, `there is room for ${room} ranges, and there are more`);
    // The whole space is one range until a page table limits it; then the hardware decides.
    if (room === 0) return { results: few };
    const limited = targetOf(context, ioas).aligned !== false;
    return orElse(limited ? { results: anyOf([0], few) } : OK, bad);
  });
};

/** The ranges that a caller allows. */
const RANGE_ERRORS: Results = anyOf(
  because(ERRNO.EINVAL, 'a range ends before it starts, or overlaps another of them'),
  because(ERRNO.EADDRINUSE, 'a range overlaps one that is reserved'),
  because(ERRNO.EFAULT, 'the ranges cannot be read'),
  [-ERRNO.ENOMEM],
);

export const allowIovas: Handler = (call) => {
  const { argument } = call;
  if (u32(argument, 12) !== 0) return unsupported('reserved bytes', u32(argument, 12));
  const count = u32(argument, 8);
  return withObject(call, u32(argument, 4), 'ioas', ({ space }) => ({
    // The ranges are in memory that the struct points to.
    results: count === 0 ? [0] : anyOf([0], RANGE_ERRORS),
    done: () => {
      space.allowed = count === 0 ? false : null;
    },
  }));
};

const OPTION = { RLIMIT_MODE: 0, HUGE_PAGES: 1 } as const;
const OP = { SET: 0, GET: 1 } as const;

export const option: Handler = (call) => {
  const { argument } = call;
  if (!recorded(argument, 24)) return { results: null };
  if (u16(argument, 10) !== 0) return unsupported('reserved bytes', u16(argument, 10));
  switch (u32(argument, 4)) {
    case OPTION.RLIMIT_MODE:
      return rlimitMode(call);
    case OPTION.HUGE_PAGES:
      return hugePages(call);
    default:
      return unsupported('the option', u32(argument, 4));
  }
};

function rlimitMode({ argument, context }: Call): Answer {
  const op = u16(argument, 8);
  if (u32(argument, 12) !== 0) return unsupported('the object', u32(argument, 12));
  if (op === OP.GET) return OK;
  if (op !== OP.SET) return unsupported('the operation', op);
  const value = u64(argument, 16);
  const busy = because(ERRNO.EBUSY, 'the iommufd has objects already');
  // Whether the caller may set limits is not recorded.
  const denied = because(ERRNO.EPERM, 'the caller lacks CAP_SYS_RESOURCE');
  if (context.objects.size > 0) return { results: anyOf(busy, denied) };
  const result = value > 1n ? because(ERRNO.EINVAL, `the value is ${value}, not 0 or 1`) : [0];
  return {
    results: anyOf(result, denied, context.complete ? [] : busy),
    done: () => {
      // It can be set only as long as there is no object.
      context.complete = true;
      context.compat = null;
    },
  };
}

function hugePages(call: Call): Answer {
  const { argument, context } = call;
  const ioas = u32(argument, 12);
  const [op, value] = [u16(argument, 8), u64(argument, 16)];
  return withObject(call, ioas, 'ioas', ({ space }) => {
    if (op === OP.GET) return OK;
    if (op !== OP.SET) return unsupported('the operation', op);
    if (value > 1n) return refused(ERRNO.EINVAL, `the value is ${value}, not 0 or 1`);
    return value === 0n
      ? disableLargePages(context, ioas, space)
      : { results: [0], done: () => setSmallPages(space, false) };
  });
}

const setSmallPages = (space: AddressSpace, small: boolean): void => {
  space.smallPages = small;
};

/** Not when large pages may be in use (`iopt_disable_large_pages`). */
export function disableLargePages(context: Context, ioas: number, space: AddressSpace): Answer {
  const done = () => setSmallPages(space, true);
  if (space.smallPages === true) return OK;
  if (space.smallPages === null || !space.complete) return { results: null, done };
  const used = hwptsOf(context, ioas).length > 0 && space.areas.length > 0;
  const cell = `iommufd/${ioas}`;
  if (used) return refused(ERRNO.EINVAL, 'it has mappings that may use large pages', cell);
  const misaligned = space.areas.some(
    ({ iova, last, pageOffset }) => (iova | (last + 1n)) % PAGE !== 0n || pageOffset !== 0,
  );
  return misaligned
    ? refused(ERRNO.EADDRINUSE, 'it has mappings that are not whole pages', cell)
    : { results: [0], done };
}

/** Memory of another process is charged to this one, when all of it is of files (6.14). */
export const changeProcess: Handler = ({ argument, context }) => {
  if (u32(argument, 4) !== 0) return unsupported('reserved bytes', u32(argument, 4));
  const mapped = [...context.objects.values()].some(
    (o) => o.type === 'ioas' && o.space.areas.length,
  );
  // Whether the mappings are of files is not known.
  const anonymous = because(ERRNO.EINVAL, 'it has mappings of memory that is of no file');
  return mapped || !context.complete ? { results: anyOf([0], anonymous, [-ERRNO.ENOMEM]) } : OK;
};
