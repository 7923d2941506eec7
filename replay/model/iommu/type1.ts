/**
 * DMA mappings of a container: the rules of vfio_iommu_type1 (kernel
 * drivers/vfio/vfio_iommu_type1.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { type AddressRange, overlaps, X86_INTERRUPTS } from '../interrupt-range.js';
import { because, type Results } from '../reason.js';

export const DMA_MAP = { READ: 1, WRITE: 2, VADDR: 4 } as const;
export const DMA_UNMAP = { DIRTY: 1, ALL: 2, VADDR: 4 } as const;

/** An IOVA range that a user mapped. */
export interface DmaMapping {
  readonly iova: bigint;
  readonly size: bigint;
  vaddr: bigint;
  vaddrInvalid: boolean;
  /** READ and WRITE of DMA_MAP. */
  readonly flags: number;
  /** When it was made, in ns of the recording's clock. */
  readonly since: bigint;
}

/** The mappings of a container, by IOVA. No two overlap. */
export interface DmaSpace {
  mappings: DmaMapping[];
  /** How many more mappings the user may make (module parameter dma_entry_limit). */
  available: number;
  readonly v2: boolean;
  /** Addresses that the IOMMU's driver reserves for interrupt messages. */
  readonly interrupts: AddressRange;
}

export const DMA_ENTRY_LIMIT = 65535;
const PAGE = 4096n;
const TOP = 1n << 64n;
/** Address width below which every IOMMU of the last decade maps; above it hardware decides. */
const APERTURE = 1n << 39n;

export const newDmaSpace = (v2: boolean, interrupts = X86_INTERRUPTS): DmaSpace => ({
  mappings: [],
  available: DMA_ENTRY_LIMIT,
  v2,
  interrupts,
});

export interface MapRequest {
  readonly argsz: number;
  readonly flags: number;
  readonly vaddr: bigint;
  readonly iova: bigint;
  readonly size: bigint;
}

const invalid = (text: string, ...cells: readonly string[]): Results =>
  because(ERRNO.EINVAL, text, ...cells);
const tooSmall = (argsz: number, least: number) => invalid(`argsz is ${argsz}, less than ${least}`);
const unknownFlags = (flags: number) => invalid(`flags ${hex(flags)} are not all known`);

/** A range for people. */
const rangeText = (iova: bigint, size: bigint): string =>
  `${hex(iova)} to ${hex(iova + size - 1n)}`;

const cellOf = ({ iova }: DmaMapping): string => `container/dma/${hex(iova)}`;

/**
 * {@link mapResults}, without reasons.
 * @returns 0, a negative errno, or null when the hardware decides
 */
export const checkMap = (space: DmaSpace, request: MapRequest, wrapErrno: number): number | null =>
  mapResults(space, request, wrapErrno)?.[0] ?? null;

/**
 * Whether a map request is legal. 0: pages are pinned and mapped next, which can still fail.
 * @param wrapErrno what a range past 2^64 gets: EINVAL, from Linux 6.19 EOVERFLOW
 * @returns the result; null when the hardware decides
 */
export function mapResults(
  space: DmaSpace,
  request: MapRequest,
  wrapErrno: number,
): Results | null {
  const { argsz, flags, vaddr, iova, size } = request;
  const all = DMA_MAP.READ | DMA_MAP.WRITE | DMA_MAP.VADDR;
  if (argsz < 32) return tooSmall(argsz, 32);
  if ((flags & ~all) !== 0) return unknownFlags(flags);
  const sets = (flags & DMA_MAP.VADDR) !== 0;
  if (((flags & (DMA_MAP.READ | DMA_MAP.WRITE)) !== 0) === sets) {
    return invalid(`flags ${hex(flags)} are neither READ or WRITE nor VADDR alone`);
  }
  if (size === 0n) return invalid('size is 0');
  if ((size | iova | vaddr) % PAGE !== 0n) {
    const [from, at, bytes] = [vaddr, iova, size].map(hex);
    return invalid(`vaddr ${from}, IOVA ${at} and size ${bytes} are not all whole pages`);
  }
  if (iova + size > TOP || vaddr + size > TOP) {
    return because(wrapErrno, 'the range ends past 2^64');
  }
  const old = overlapping(space, iova, size)[0];
  if (sets) return checkVaddr(old, iova, size);
  if (old !== undefined) {
    const text = `${rangeText(old.iova, old.size)} is mapped already`;
    return because(ERRNO.EEXIST, text, cellOf(old));
  }
  if (space.available === 0) return because(ERRNO.ENOSPC, 'the limit of mappings is reached');
  const last = iova + size - 1n;
  const { interrupts } = space;
  if (overlaps(interrupts, { first: iova, last })) {
    const range = `${hex(interrupts.first)} to ${hex(interrupts.last)}`;
    return invalid(`${range} is reserved for interrupt messages`);
  }
  return last >= APERTURE ? null : [0];
}

function checkVaddr(old: DmaMapping | undefined, iova: bigint, size: bigint): Results {
  if (old === undefined) return because(ERRNO.ENOENT, 'nothing is mapped there');
  const exact = old.vaddrInvalid && old.iova === iova && old.size === size;
  if (exact) return [0];
  return invalid('its address was not taken away before, or the range is another', cellOf(old));
}

/** The mappings that overlap a range, by IOVA. */
const overlapping = ({ mappings }: DmaSpace, iova: bigint, size: bigint): DmaMapping[] =>
  mappings.filter((m) => m.iova < iova + size && iova < m.iova + m.size);

/**
 * Puts a mapping in; the caller has checked it.
 * @param since the time, in ns
 */
export function addMapping(space: DmaSpace, request: MapRequest, since = 0n): void {
  const { iova, size, vaddr, flags } = request;
  const at = space.mappings.findIndex((m) => m.iova > iova);
  const mapping = { iova, size, vaddr, vaddrInvalid: false, flags, since };
  space.mappings.splice(at < 0 ? space.mappings.length : at, 0, mapping);
  space.available--;
}

export interface UnmapRequest {
  readonly argsz: number;
  readonly flags: number;
  readonly iova: bigint;
  readonly size: bigint;
}

/** What an unmap request removes, in order, or a negative errno; null when it is not modelled. */
export function checkUnmap(
  space: DmaSpace,
  request: UnmapRequest,
  wrapErrno: number,
): DmaMapping[] | number | null {
  const refused = refuseUnmap(space, request, wrapErrno);
  if (refused === 'unmodelled') return null;
  if (refused !== 'accepted') return refused[0];
  const { flags, iova, size } = request;
  if ((flags & DMA_UNMAP.ALL) !== 0) return [...space.mappings];
  const found = overlapping(space, iova, size);
  // Version 1 unmaps whole mappings, and stops at one that begins before the range.
  return !space.v2 && found.some((mapping) => mapping.iova < iova) ? [] : found;
}

/** What an unmap request is refused with. */
export function refuseUnmap(
  space: DmaSpace,
  { argsz, flags, iova, size }: UnmapRequest,
  wrapErrno: number,
): Results | 'accepted' | 'unmodelled' {
  const all = DMA_UNMAP.DIRTY | DMA_UNMAP.ALL | DMA_UNMAP.VADDR;
  if (argsz < 24) return tooSmall(argsz, 24);
  if ((flags & ~all) !== 0) return unknownFlags(flags);
  const dirty = (flags & DMA_UNMAP.DIRTY) !== 0;
  if (dirty && (flags & (DMA_UNMAP.ALL | DMA_UNMAP.VADDR)) !== 0) {
    return invalid(`flags ${hex(flags)} exclude each other`);
  }
  // Dirty tracking, and suspended addresses (VADDR), do not change the IOMMU's mappings.
  if (dirty || (flags & DMA_UNMAP.VADDR) !== 0) return 'unmodelled';
  if (iova % PAGE !== 0n) return invalid(`IOVA ${hex(iova)} is not at a page`);
  if ((flags & DMA_UNMAP.ALL) !== 0) {
    return iova !== 0n || size !== 0n ? invalid('UNMAP_ALL takes no range') : 'accepted';
  }
  if (size === 0n || size % PAGE !== 0n) return invalid(`size ${hex(size)} is not whole pages`);
  if (iova + size > TOP) return because(wrapErrno, 'the range ends past 2^64');
  const cut = overlapping(space, iova, size).find(
    (m) => m.iova < iova || m.iova + m.size > iova + size,
  );
  if (cut === undefined || !space.v2) return 'accepted';
  const text = `the range is a part of the mapping ${rangeText(cut.iova, cut.size)}`;
  return invalid(text, cellOf(cut));
}

export function removeMapping(space: DmaSpace, mapping: DmaMapping): void {
  const at = space.mappings.indexOf(mapping);
  if (at < 0) return;
  space.mappings.splice(at, 1);
  space.available++;
}
