/**
 * Containers, DMA ownership of groups, and VFIO's IOMMU driver of type 1 (kernel
 * drivers/vfio/container.c, drivers/vfio/vfio_iommu_type1.c 6.12, drivers/iommu/iommu.c 6.1).
 */
import { ERRNO } from '../../../../traces/index.js';
import { type DmaSpace, newDmaSpace } from '../../../model/iommu/type1.js';
import type { Kernel } from '../../kernel.js';
import { gives, procedure, takes } from '../../steps.js';
import { FILE, GROUP } from '../../vfio-cells.js';
import { containerLock, groupOf, membersOf } from './common.js';

/** All functions of a group get another domain; a mediated device has none. */
export function attachToDomain(k: Kernel, group: number): void {
  if (k.vfio.isEmulated(group)) return;
  for (const dev of membersOf(k, group)) k.point('attach_device_to_domain', dev);
}

const PAGE = 4096;
const PHYSICAL = 0x1_0000_0000;

/** The physical address of memory of a user, which is one piece. */
const physicalOf = (vaddr: bigint): number => PHYSICAL + Number(vaddr & 0xf_ffff_ffffn);

export function mapPages(k: Kernel, iova: bigint, size: bigint, vaddr: bigint): void {
  const value = physicalOf(vaddr);
  k.pointCall({ call: 'map', offset: Number(iova), length: Number(size), value });
}

export function unmapPages(k: Kernel, iova: bigint, size: bigint): void {
  const bytes = Number(size);
  k.pointCall({ call: 'unmap', offset: Number(iova), length: bytes, value: bytes });
}

/** What the recorder sees of the object of a container, which is its address. */
export const objectOf = (file: number): number => 0x1000 * file;

/** Groups of a container, the one that joined last first. */
function groupsOf(k: Kernel, file: number): number[] {
  const order = (group: number) => k.get(group + GROUP.order);
  const inside = k.vfio.groups.filter((group) => k.get(group + GROUP.container) === file);
  return inside.sort((a, b) => order(b) - order(a));
}

/**
 * `vfio_iommu_type1_attach_group`: the first group makes a domain; another is attached to a new
 * one, and then to that of the first.
 */
function attachGroup(k: Kernel, file: number, group: number, first: boolean): void {
  const isFirst = first && !k.vfio.isEmulated(group);
  const value = k.vfio.numberOfGroup(group);
  k.beginCall({ call: 'vfio_iommu_type1_attach_group', value, length: objectOf(file) });
  attachToDomain(k, group);
  if (!isFirst) {
    attachToDomain(k, group);
    attachToDomain(k, group);
  } else if (k.rules.triesDomains) {
    mapPages(k, 0n, BigInt(2 * PAGE), 0n);
    unmapPages(k, 0n, BigInt(PAGE));
    unmapPages(k, BigInt(PAGE), BigInt(PAGE));
  }
  // Mappings that were made while it had mediated devices alone.
  if (isFirst) {
    for (const { iova, size, vaddr } of k.vfio.dma(file).mappings) mapPages(k, iova, size, vaddr);
  }
  k.endCall(0);
}

/** Groups of a container whose DMA an IOMMU translates. */
const translated = (k: Kernel, file: number): number[] =>
  groupsOf(k, file).filter((group) => !k.vfio.isEmulated(group));

/** Whether pages of a container's mappings are in page tables of an IOMMU. */
export const hasDomain = (k: Kernel, file: number): boolean => translated(k, file).length > 0;

/** Without groups a container has no mappings. */
function unmapAll(k: Kernel, file: number): void {
  for (const { iova, size } of k.vfio.dma(file).mappings) unmapPages(k, iova, size);
}

/** VFIO_SET_IOMMU: every group is attached, the last one that was added first. */
export function setIommu(k: Kernel, file: number, type: number): void {
  const cells = k.vfio.file(file);
  const [first] = translated(k, file);
  for (const group of groupsOf(k, file)) attachGroup(k, file, group, group === first);
  k.set(cells + FILE.iommu, 1);
  const space: DmaSpace = newDmaSpace(type !== 1);
  k.vfio.put(cells + FILE.dma, space);
}

export const CONTAINER = [
  /**
   * A group is put into a container, which claims its DMA: -EPERM as long as a driver of one of its
   * functions uses the kernel's. The caller holds `group_lock`; `arg` is the container.
   */
  procedure('vfio_container_attach_group', {
    lock: takes(
      (k) => k.vfio.file(k.arg) + FILE.lock,
      (k) => {
        const group = groupOf(k);
        const file = k.vfio.file(k.arg);
        if (k.rules.claimsGroups && k.get(group + GROUP.natives) > 0) {
          k.i = -ERRNO.EPERM;
          return;
        }
        if (k.rules.claimsGroups) attachToDomain(k, group);
        const isSet = k.get(file + FILE.iommu) !== 0;
        if (isSet) attachGroup(k, k.arg, group, !hasDomain(k, k.arg));
        k.add(file + FILE.joined, 1);
        k.set(group + GROUP.order, k.get(file + FILE.joined));
        k.set(group + GROUP.container, k.arg);
      },
    ),
    unlock: gives(
      (k) => k.vfio.file(k.arg) + FILE.lock,
      (k) => k.done(k.i),
    ),
  }),

  /** A group leaves its container; the last one releases the IOMMU driver. */
  procedure('vfio_group_detach_container', {
    lock: takes(containerLock, (k) => {
      const group = groupOf(k);
      const number = k.get(group + GROUP.container);
      const file = k.vfio.file(number);
      k.n = number;
      const isLast = groupsOf(k, number).length === 1;
      if (k.get(file + FILE.iommu) !== 0) {
        const value = k.vfio.numberOfGroup(group);
        k.pointCall({ call: 'vfio_iommu_type1_detach_group', value, length: objectOf(number) });
        attachToDomain(k, group);
        const others = translated(k, number).filter((other) => other !== group);
        if (!k.vfio.isEmulated(group) && others.length === 0) unmapAll(k, number);
      }
      if (k.rules.claimsGroups) attachToDomain(k, group);
      k.set(group + GROUP.container, 0);
      k.set(group + GROUP.order, 0);
      if (!isLast) return;
      k.set(file + FILE.iommu, 0);
      k.set(file + FILE.joined, 0);
      k.vfio.put(file + FILE.dma, null);
    }),
    unlock: gives(
      (k) => k.vfio.file(k.n) + FILE.lock,
      (k) => k.done(0),
    ),
  }),
];
