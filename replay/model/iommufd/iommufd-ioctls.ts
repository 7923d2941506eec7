/** What an ioctl on an iommufd returns (`iommufd_fops_ioctl`, drivers/iommu/iommufd/main.c). */
import { ERRNO } from '../../../traces/index.js';
import { IOMMUFD_SINCE } from '../kernel-rules.js';
import { anyOf, because, type Results } from '../reason.js';
import { compatIoctl, vfioIoas } from './compat.js';
import {
  faultQueueAlloc,
  getDirtyBitmap,
  hwInfo,
  hwptAlloc,
  invalidate,
  setDirtyTracking,
} from './hwpt.js';
import {
  allowIovas,
  changeProcess,
  ioasAlloc,
  ioasCopy,
  ioasMap,
  ioasMapFile,
  ioasUnmap,
  iovaRanges,
  option,
} from './ioas.js';
import {
  type Answer,
  type Call,
  type Handler,
  noObject,
  orElse,
  refused,
  UNKNOWN_ANSWER,
} from './ioctl-answer.js';
import { type Argument, recorded, u32 } from './ioctl-argument.js';
import { find, inUse, remove } from './iommufd-objects.js';
import { IOCTLS, type IoctlFacts, since, structSize } from './iommufd-versions.js';
import { hwQueueAlloc, vdeviceAlloc, veventqAlloc, viommuAlloc } from './viommu.js';

const destroy: Handler = ({ argument, context }) => {
  const id = u32(argument, 4);
  const object = find(context, id);
  const done = () => remove(context, id);
  if (object === 'unknown') return { results: null, done };
  if (object === null) return noObject(id, null, 'any');
  const used = inUse(context, id);
  const busy = because(
    ERRNO.EBUSY,
    `another object, or a driver, uses object ${id}`,
    `iommufd/${id}`,
  );
  if (used === true) return { results: busy };
  return { results: used === null ? anyOf([0], busy) : [0], done };
};

const HANDLERS: Readonly<Record<string, Handler>> = {
  IOMMU_DESTROY: destroy,
  IOMMU_IOAS_ALLOC: ioasAlloc,
  IOMMU_IOAS_ALLOW_IOVAS: allowIovas,
  IOMMU_IOAS_COPY: ioasCopy,
  IOMMU_IOAS_IOVA_RANGES: iovaRanges,
  IOMMU_IOAS_MAP: ioasMap,
  IOMMU_IOAS_UNMAP: ioasUnmap,
  IOMMU_OPTION: option,
  IOMMU_VFIO_IOAS: vfioIoas,
  IOMMU_HWPT_ALLOC: hwptAlloc,
  IOMMU_GET_HW_INFO: hwInfo,
  IOMMU_HWPT_SET_DIRTY_TRACKING: setDirtyTracking,
  IOMMU_HWPT_GET_DIRTY_BITMAP: getDirtyBitmap,
  IOMMU_HWPT_INVALIDATE: invalidate,
  IOMMU_FAULT_QUEUE_ALLOC: faultQueueAlloc,
  IOMMU_IOAS_MAP_FILE: ioasMapFile,
  IOMMU_VIOMMU_ALLOC: viommuAlloc,
  IOMMU_VDEVICE_ALLOC: vdeviceAlloc,
  IOMMU_IOAS_CHANGE_PROCESS: changeProcess,
  IOMMU_VEVENTQ_ALLOC: veventqAlloc,
  IOMMU_HW_QUEUE_ALLOC: hwQueueAlloc,
};

/** The function itself returns what system calls turn into -ENOTTY. */
const NO_IOCTL: Results = anyOf(
  ...[ERRNO.ENOTTY, ERRNO.ENOIOCTLCMD].map((errno) =>
    because(errno, 'an iommufd of this kernel has no such call'),
  ),
);
const UNREADABLE = because(ERRNO.EFAULT, 'the argument cannot be read');

/**
 * The possible results of a call.
 * @param name of the ioctl, or its number in hexadecimal if it has none
 */
export function iommufdIoctl(call: Call, name: string): Answer {
  const facts = Object.hasOwn(IOCTLS, name) ? IOCTLS[name] : undefined;
  if (facts === undefined) return otherIoctl(call, name);
  const has = since(call.rules, facts.since);
  if (has === false) return { results: NO_IOCTL };
  const answer = served(call, name, facts);
  return has === null && facts.since > IOMMUFD_SINCE ? orElse(answer, NO_IOCTL) : answer;
}

/** A call of a container, an invalid one, or one that is newer than these tables. */
function otherIoctl(call: Call, name: string): Answer {
  const compat = compatIoctl(call, name);
  if (compat !== null) return compat;
  if (name.startsWith('VFIO_')) return { results: NO_IOCTL };
  if (name.startsWith('IOMMU_')) return UNKNOWN_ANSWER;
  // A number of its own range may be a call that a newer kernel has.
  const number = Number(name);
  const own = number >> 8 === 0x3b && (number & 0xff) >= LAST_KNOWN;
  // Another type with a number that it has: the size of the struct is read first.
  const results = anyOf(NO_IOCTL, UNREADABLE);
  return own && call.rules.version === null ? UNKNOWN_ANSWER : { results };
}

const LAST_KNOWN = 0x95;

function served(call: Call, name: string, facts: IoctlFacts): Answer {
  const { argument, rules } = call;
  if (argument.address === 0) return { results: UNREADABLE };
  if (!recorded(argument, 4)) return UNKNOWN_ANSWER;
  const size = u32(argument, 0);
  // Memory that cannot be read is recorded as zeros.
  const small = because(ERRNO.EINVAL, `size is ${size}, less than ${facts.min}`);
  if (size === 0 && isEmpty(argument)) return { results: anyOf(small, UNREADABLE) };
  if (size < facts.min) return { results: small };
  const known = structSize(facts, rules.version ?? 0);
  const rest = restOf(argument, size, known);
  const text = `size is ${size}; this kernel knows ${known} bytes, and those after are not 0`;
  if (rest === 'set' && rules.version !== null) return refused(ERRNO.E2BIG, text);
  const newest = structSize(facts, rules.version ?? Number.POSITIVE_INFINITY);
  const members = Math.min(size, newest);
  const given = asKernelSees(argument, members);
  const enough = recorded(given, Math.min(members, MEMBERS_END));
  const answer = enough ? HANDLERS[name]({ ...call, argument: given }) : UNKNOWN_ANSWER;
  return rest === 'zero' ? answer : orElse(answer, anyOf(because(ERRNO.E2BIG, text), UNREADABLE));
}

/** Handlers use bytes after these only if they were recorded. */
const MEMBERS_END = 40;
/** The largest struct. */
const STRUCT_MAX = 48;

/** What the caller does not pass is zero to the kernel. */
function asKernelSees(argument: Argument, members: number): Argument {
  const { bytes, address } = argument;
  if (bytes.length < members) return argument;
  const padded = new Uint8Array(STRUCT_MAX);
  padded.set(bytes.subarray(0, members));
  return { address, bytes: padded };
}

const isEmpty = ({ bytes }: Argument): boolean => bytes.every((byte) => byte === 0);

/** Whether bytes after the struct that the kernel knows are set (`copy_struct_from_user`). */
function restOf({ bytes }: Argument, size: number, known: number): 'zero' | 'set' | 'unknown' {
  if (size <= known) return 'zero';
  if (bytes.subarray(known, size).some((byte) => byte !== 0)) return 'set';
  return bytes.length >= size ? 'zero' : 'unknown';
}
