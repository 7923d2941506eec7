/**
 * Files of /dev/iommu and their ioctls (kernel drivers/iommu/iommufd/main.c, ioas.c 6.12). An ioctl
 * is one step: each object of an iommufd has locks of its own, which no other call holds for long.
 */
import { ERRNO } from '../../../../traces/index.js';
import {
  type AddressSpace,
  type Area,
  CHANGED,
  type Context,
  iommufdIoctl,
  MAP,
  newContext,
  nextId,
  written,
} from '../../../model/iommufd/index.js';
import { IOMMUFD_SINCE } from '../../../model/kernel-rules.js';
import { ioctlFacts } from '../../../model/vfio/ioctl-numbers.js';
import type { Kernel } from '../../kernel.js';
import { FAULT } from '../../layout.js';
import type { IoctlAction } from '../../machine-spec.js';
import { procedure } from '../../steps.js';
import { FILE } from '../../vfio-cells.js';
import { fetched, ioctlOf, pointerOf } from './common.js';
import { objectOf } from './container.js';
import { makesForPasids } from './held-pasids.js';
import { faultIn } from './memory.js';
import { changeContext, mapAreas, unmapAreas } from './page-tables.js';

/**
 * `iommufd_fops_open`.
 * @returns 0, or -ENOENT when the kernel has no /dev/iommu
 */
export function openIommufd(k: Kernel, file: number): number {
  if (k.rules.version < IOMMUFD_SINCE) return -ERRNO.ENOENT;
  k.beginCall({ call: 'iommufd_fops_open' });
  k.vfio.put(k.vfio.file(file) + FILE.context, newContext(true));
  k.endCall(0);
  return 0;
}

/** Bytes of the largest struct, and those of it that the begin of a call records. */
const STRUCT_BYTES = 48;
const BEGIN_BYTES = 44;
/** Words of the struct that the end of a call records. */
const END_WORDS = [
  [4, 8],
  [8, 16],
  [16, 24],
  [32, 40],
  [24, 32],
] as const;

const answerOf = (struct: Uint8Array): Uint8Array =>
  Uint8Array.from(END_WORDS.flatMap(([from, to]) => [...struct.subarray(from, to)]));

/**
 * What a call returns of what may be: memory can be pinned, the ranges of ALLOW_IOVAS cannot be
 * read, and the IOMMU has page tables of the plain kind alone.
 */
function decide(results: readonly number[] | null, { name, answer }: IoctlAction): number {
  if (results === null) return -ERRNO.EOPNOTSUPP;
  if (answer !== undefined && results.includes(answer)) return answer;
  const usual = USUAL.get(name);
  return usual !== undefined && results.includes(usual) ? usual : results[0];
}

/** What machine and memory answer where both this and success may be. */
const USUAL: ReadonlyMap<string, number> = new Map([
  ['IOMMU_HWPT_ALLOC', -ERRNO.EOPNOTSUPP],
  ['IOMMU_IOAS_ALLOW_IOVAS', -ERRNO.EFAULT],
  // The file of a fault queue, which no operation closes.
  ['IOMMU_DESTROY', -ERRNO.EBUSY],
]);

const PAGE = 4096n;
const HUGE_PAGE = 0x20_0000n;
const MSI = { first: 0xfee0_0000n, last: 0xfeef_ffffn };

function powerOfTwo(size: bigint): bigint {
  let power = 1n;
  while (power < size) power *= 2n;
  return power;
}

/** The address that the kernel chooses: the lowest that is free (`iopt_alloc_iova`). */
function chooseIova({ areas }: AddressSpace, length: bigint, address: bigint): bigint {
  const ofAddress = address === 0n ? HUGE_PAGE : address & -address;
  const alignment = [powerOfTwo(length), ofAddress, HUGE_PAGE].reduce((a, b) => (a < b ? a : b));
  const offset = address % PAGE;
  const taken = [...areas, { iova: MSI.first, last: MSI.last }];
  let iova = PAGE;
  for (;;) {
    const up = ((iova + alignment - 1n) / alignment) * alignment;
    iova = up | offset;
    const last = iova + length - 1n;
    const hit = taken.find((area) => area.iova <= last && area.last >= iova);
    if (hit === undefined) return iova;
    iova = hit.last + 1n;
  }
}

function spaceOf({ objects }: Context, id: number): AddressSpace | null {
  const object = objects.get(id);
  return object?.type === 'ioas' ? object.space : null;
}

/** Writes into the struct what the kernel answers to a call that succeeds. */
function fill(context: Context, name: string, struct: Uint8Array): void {
  const view = new DataView(struct.buffer);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => view.getBigUint64(at, true);
  const put = (at: number, value: bigint) => view.setBigUint64(at, value, true);
  const chooses = (u32(4) & MAP.FIXED) === 0;
  const target = chooses ? spaceOf(context, u32(8)) : null;
  const makesAt8 = name === 'IOMMU_IOAS_ALLOC' || name === 'IOMMU_FAULT_QUEUE_ALLOC';
  if (makesAt8) view.setUint32(8, nextId(context) ?? 0, true);
  else if (name === 'IOMMU_HWPT_ALLOC') view.setUint32(16, nextId(context) ?? 0, true);
  else if ((name === 'IOMMU_IOAS_MAP' || name === 'IOMMU_IOAS_MAP_FILE') && target !== null) {
    put(32, chooseIova(target, u64(24), u64(16)));
  } else if (name === 'IOMMU_IOAS_COPY' && target !== null) {
    put(24, chooseIova(target, u64(16), u64(32) % PAGE));
  } else if (name === 'IOMMU_IOAS_UNMAP') {
    put(16, bytesIn(spaceOf(context, u32(4)), u64(8), u64(16)));
  }
}

/** Bytes of the mappings in a range. */
function bytesIn(space: AddressSpace | null, first: bigint, length: bigint): bigint {
  const areas = space?.areas ?? [];
  const inside = areas.filter(({ iova, last }) => iova < first + length && last >= first);
  return inside.reduce((sum, { iova, last }) => sum + last - iova + 1n, 0n);
}

interface Served {
  readonly ret: number;
  readonly struct: Uint8Array;
}

function serve(k: Kernel, context: Context): Served {
  const action = ioctlOf(k);
  const { version } = k.rules;
  const struct = fetched(action, STRUCT_BYTES);
  const argument = { address: pointerOf(action), bytes: action.data?.slice() ?? new Uint8Array() };
  const answer = iommufdIoctl({ context, argument, rules: { version } }, action.name);
  const isMade = answer.results?.includes(0) === true && makesForPasids(k, context, struct, action);
  const ret = isMade ? 0 : decide(answer.results, action);
  if (ret < 0) {
    answer.failed?.();
    return { ret, struct };
  }
  fill(context, action.name, struct);
  const at = 0n;
  answer.done?.({ ret, written: written(Buffer.from(answerOf(struct))), at });
  return { ret, struct };
}

const FAULT_ID_VALID = 4;

/**
 * What a page table had mapped that is given up again: from Linux 6.13 on it is made before its
 * queue of faults is looked up (`iommufd_hwpt_alloc`, drivers/iommu/iommufd/hw_pagetable.c 6.13).
 */
function givenUp(k: Kernel, action: IoctlAction, ret: number): readonly Area[] {
  if (action.name !== 'IOMMU_HWPT_ALLOC' || ret !== -ERRNO.ENOENT) return [];
  const view = new DataView(fetched(action, STRUCT_BYTES).buffer);
  const isEarly = k.rules.version < CHANGED.HWPT_FAULT_BY_CORE;
  if (isEarly || (view.getUint32(4, true) & FAULT_ID_VALID) === 0) return [];
  const context = k.vfio.context(k.arg);
  const hasDevice = context.objects.get(view.getUint32(8, true))?.type === 'device';
  return hasDevice ? (spaceOf(context, view.getUint32(12, true))?.areas ?? []) : [];
}

export const IOMMUFD = [
  procedure('iommufd_ioctl', {
    enter: (k) => {
      const action = ioctlOf(k);
      k.beginCall({
        call: 'iommufd_fops_ioctl',
        driver: 'iommufd',
        ioctl: action.name,
        value: ioctlFacts(action.name).number,
        offset: pointerOf(action),
        length: objectOf(k.arg),
        data: fetched(action, BEGIN_BYTES),
      });
    },
    serve: (k) => {
      for (const touch of ioctlOf(k).touches ?? []) faultIn(k, touch);
      const { result, mapped, unmapped } = changeContext(k, k.arg, (context) => serve(k, context));
      const tried = givenUp(k, ioctlOf(k), result.ret);
      mapAreas(k, tried);
      unmapAreas(k, tried);
      mapAreas(k, mapped);
      unmapAreas(k, unmapped);
      k.endCall(result.ret, { data: answerOf(result.struct) });
      k.i = result.ret;
      const isSplit = k.hasBug('putTouchesObject') && ioctlOf(k).name === 'IOMMU_IOAS_MAP';
      return isSplit && result.ret >= 0 ? undefined : k.done(result.ret);
    },
    // The IOAS may have been destroyed since the call dropped its reference.
    put: (k) => {
      const ioas = new DataView(fetched(ioctlOf(k), STRUCT_BYTES).buffer).getUint32(8, true);
      if (!k.vfio.context(k.arg).objects.has(ioas)) k.fault(FAULT.objectUseAfterFree);
      return k.done(k.i);
    },
  }),

  /** Each bound device has a reference to the file: an iommufd is closed without devices. */
  procedure('iommufd_fops_release', {
    enter: (k) => {
      const place = { driver: 'iommufd', length: objectOf(k.arg) } as const;
      k.pointCall({ call: 'iommufd_fops_release', ...place });
      const { unmapped } = changeContext(k, k.arg, (draft) => draft.objects.clear());
      unmapAreas(k, unmapped);
      k.set(k.vfio.file(k.arg) + FILE.context, 0);
      k.done(0);
    },
  }),
];
