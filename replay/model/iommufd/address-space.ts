/**
 * The address space of an IOAS: its mappings, and what can be mapped
 * (drivers/iommu/iommufd/io_pagetable.c 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { type AddressRange, overlaps } from '../interrupt-range.js';
import { anyOf, because, type Results } from '../reason.js';

/** IOMMU_IOAS_MAP_* of uapi iommufd.h; those of a container's calls are turned into them. */
export const MAP = { FIXED: 1, WRITE: 2, READ: 4 } as const;

/** A range that is mapped. */
export interface Area {
  readonly iova: bigint;
  /** The last address. */
  readonly last: bigint;
  /** WRITE and READ of MAP. */
  readonly flags: number;
  /** Its pages are writable, and copies of it may be, too. */
  readonly writable: boolean;
  /** Distance of its first byte from the start of a page. */
  readonly pageOffset: number;
  /** When it was made, in ns of the recording's clock. */
  readonly since: bigint;
}

export interface AddressSpace {
  /** By IOVA; no two overlap. */
  areas: Area[];
  /** All areas are known. */
  complete: boolean;
  /** Ranges were set aside for addresses that the kernel chooses; null when not known. */
  allowed: boolean | null;
  /** Large pages are switched off; null when not known. */
  smallPages: boolean | null;
  /** Addresses that are reserved for interrupt messages as soon as a device is attached. */
  readonly interrupts: AddressRange;
}

export const newAddressSpace = (interrupts: AddressRange): AddressSpace => ({
  areas: [],
  complete: true,
  allowed: false,
  smallPages: false,
  interrupts,
});

export const PAGE = 4096n;
export const U64_MAX = (1n << 64n) - 1n;
/** Address width below which every IOMMU of the last decade maps; above it hardware decides. */
const APERTURE = 1n << 39n;

/** What a range is mapped with. */
export interface Target {
  /**
   * It has page tables of the IOMMU, or accesses that pin pages: addresses have to be aligned.
   * Null: not known.
   */
  readonly aligned: boolean | null;
  /** A device is attached, with its reserved ranges. */
  readonly attached: boolean;
}

export const overlapping = (
  { areas }: AddressSpace,
  first: bigint,
  last: bigint,
): readonly Area[] => areas.filter((area) => area.iova <= last && area.last >= first);

export interface Range {
  readonly iova: bigint;
  readonly length: bigint;
  readonly flags: number;
  /** Distance of the memory from the start of a page. */
  readonly pageOffset: number;
}

/**
 * Whether a range can be mapped, judged by addresses alone (`iopt_alloc_area_pages`).
 * @returns possible results, where 0 means that pages are pinned and mapped next; null when the
 * state is not known
 */
export function checkRange(
  space: AddressSpace,
  { iova, length, flags, pageOffset }: Range,
  target: Target,
): Results | null {
  if (target.aligned === null || (!target.aligned && space.smallPages === null)) {
    const range = { iova, length, flags, pageOffset };
    const large = { ...space, smallPages: false };
    const either = [true, false].map((aligned) =>
      checkRange(large, range, { aligned, attached: aligned }),
    );
    const known = either.filter((results) => results !== null);
    return known.length < either.length ? null : anyOf(...known);
  }
  const alignment = target.aligned || space.smallPages ? PAGE : 1n;
  if (length === 0n || length % alignment !== 0n) return unaligned('length', length);
  const offAlignment = BigInt(pageOffset) % alignment !== 0n;
  if ((flags & MAP.FIXED) === 0) return chosen(space, length, offAlignment);
  if (iova % alignment !== 0n) return unaligned('iova', iova);
  const last = iova + length - 1n;
  if (last > U64_MAX) return because(ERRNO.EOVERFLOW, 'the range goes past 2^64');
  const { interrupts } = space;
  if (target.attached && overlaps(interrupts, { first: iova, last })) {
    const reserved = `${hex(interrupts.first)} to ${hex(interrupts.last)}`;
    return because(ERRNO.EINVAL, `${reserved} is reserved for interrupts`);
  }
  const [old] = overlapping(space, iova, last);
  const taken = old !== undefined;
  const result = taken
    ? because(ERRNO.EEXIST, `${hex(old.iova)} to ${hex(old.last)} is mapped already`)
    : offAlignment
      ? unaligned('the address of the memory', pageOffset)
      : [0];
  const beyond = target.aligned && last >= APERTURE;
  if (!space.complete && !taken) return null;
  const tooHigh = because(ERRNO.EINVAL, 'the range is past what the IOMMU can address');
  return beyond ? anyOf(tooHigh, result) : result;
}

const unaligned = (what: string, value: bigint | number): Results =>
  because(ERRNO.EINVAL, `${what} ${hex(value)} is 0 or not a multiple of a page`);

/** An address that the kernel chooses: there is one, unless all that is allowed is full. */
function chosen(space: AddressSpace, length: bigint, offAlignment: boolean): Results {
  if (length >= U64_MAX / 2n) return because(ERRNO.EOVERFLOW, `length is ${hex(length)}`);
  if (offAlignment) return unaligned('the address of the memory', length);
  const full = because(ERRNO.ENOSPC, 'the allowed ranges have no room');
  return space.allowed === false ? [0] : anyOf([0], full);
}

/** Puts in an area that was mapped. */
export function insert(space: AddressSpace, area: Area): void {
  const at = space.areas.findIndex(({ iova }) => iova > area.iova);
  space.areas.splice(at < 0 ? space.areas.length : at, 0, area);
}

/**
 * Removes the areas in a range one by one, up to the first that is only partly inside
 * (`iopt_unmap_iova_range`).
 * @returns the result and the removed areas
 */
export function unmap(
  space: AddressSpace,
  first: bigint,
  last: bigint,
): { readonly result: number; readonly gone: readonly Area[] } {
  const found = overlapping(space, first, last);
  const cut = found.findIndex((area) => area.iova < first || area.last > last);
  const gone = cut < 0 ? found : found.slice(0, cut);
  return { result: cut >= 0 || gone.length === 0 ? -ERRNO.ENOENT : 0, gone };
}

export function removeAreas(space: AddressSpace, gone: readonly Area[]): void {
  space.areas = space.areas.filter((area) => !gone.includes(area));
}

/** The areas that a range is covered by without a hole; null when there is one. */
export function covering(space: AddressSpace, first: bigint, last: bigint): readonly Area[] | null {
  const found = overlapping(space, first, last);
  let next = first;
  for (const area of found) {
    if (area.iova > next) return null;
    next = area.last + 1n;
  }
  return found.length > 0 && next > last ? found : null;
}

/** Splits an area after an address (`iopt_area_split`). */
export function split(space: AddressSpace, last: bigint): void {
  const area = overlapping(space, last, last)[0];
  if (area === undefined || area.last === last) return;
  const at = space.areas.indexOf(area);
  space.areas.splice(at, 1, { ...area, last }, { ...area, iova: last + 1n });
}
