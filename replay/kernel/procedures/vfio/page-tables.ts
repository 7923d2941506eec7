/**
 * What the IOMMU does for an iommufd: it owns groups, and page tables get what their IOAS map
 * (kernel drivers/iommu/iommufd/io_pagetable.c, device.c 6.12, drivers/iommu/iommu.c 6.12).
 */
import { ERRNO } from '../../../../traces/index.js';
import type { Area, Context } from '../../../model/iommufd/index.js';
import type { Kernel } from '../../kernel.js';
import { FILE, GROUP } from '../../vfio-cells.js';
import { attachToDomain, mapPages, unmapPages } from './container.js';

/**
 * `iommu_device_claim_dma_owner`: all DMA of the group is blocked from its first device on.
 * @param file the iommufd
 * @returns 0, or -EPERM when drivers or another user own the group
 */
export function claimGroup(k: Kernel, group: number, file: number): number {
  const owner = k.get(group + GROUP.owner);
  const isFree = k.get(group + GROUP.natives) === 0 && k.get(group + GROUP.container) === 0;
  if (!isFree || (owner !== 0 && owner !== file)) return -ERRNO.EPERM;
  k.add(group + GROUP.claims, 1);
  if (owner !== 0) return 0;
  k.set(group + GROUP.owner, file);
  attachToDomain(k, group);
  return 0;
}

/** `iommu_device_release_dma_owner`: with its last device the group gets its default domain. */
export function releaseGroup(k: Kernel, group: number): void {
  k.add(group + GROUP.claims, -1);
  if (k.get(group + GROUP.claims) > 0) return;
  k.set(group + GROUP.owner, 0);
  attachToDomain(k, group);
}

/** Areas by the number of the page table that they are mapped in. */
type Tables = ReadonlyMap<number, readonly Area[]>;

function tablesOf({ objects }: Context): Tables {
  const tables = new Map<number, readonly Area[]>();
  for (const [id, object] of objects) {
    const ioas = object.type === 'hwpt' ? objects.get(object.ioas) : undefined;
    if (ioas?.type === 'ioas') tables.set(id, [...ioas.space.areas]);
  }
  return tables;
}

/** Areas that some tables have, and others do not. */
function difference(of: Tables, others: Tables): Area[] {
  return [...of].flatMap(([id, areas]) => {
    const known = others.get(id) ?? [];
    return areas.filter(
      ({ iova, last }) => !known.some((other) => other.iova === iova && other.last === last),
    );
  });
}

/** What a change of an iommufd does to page tables. */
export interface Changed<R> {
  readonly result: R;
  readonly mapped: readonly Area[];
  readonly unmapped: readonly Area[];
}

/**
 * Changes the objects of an iommufd.
 * @param file its number
 */
export function changeContext<R>(
  k: Kernel,
  file: number,
  change: (draft: Context) => R,
): Changed<R> {
  const before = tablesOf(k.vfio.context(file));
  const result = k.vfio.change(k.vfio.file(file) + FILE.context, change);
  const after = tablesOf(k.vfio.context(file));
  const [mapped, unmapped] = [difference(after, before), difference(before, after)];
  return { result, mapped, unmapped };
}

export function mapAreas(k: Kernel, areas: readonly Area[]): void {
  for (const { iova, last } of areas) mapPages(k, iova, last - iova + 1n, 0n);
}

export function unmapAreas(k: Kernel, areas: readonly Area[]): void {
  for (const { iova, last } of areas) unmapPages(k, iova, last - iova + 1n);
}
