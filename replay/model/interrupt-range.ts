/**
 * Where interrupt messages of devices go: IO addresses that an IOMMU's driver reserves, so that
 * nothing can be mapped there.
 */

/** Addresses from the first to the last. */
export interface AddressRange {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * The range of x86, which every IOMMU driver of that architecture reserves (kernel 6.12, in
 * drivers/iommu: IOAPIC_RANGE_START of intel/iommu.c, MSI_RANGE_START of amd/iommu.c). Those of Arm
 * reserve a range that they choose themselves: 0x8000000 to 0x80fffff (MSI_IOVA_BASE of
 * arm/arm-smmu-v3/arm-smmu-v3.c).
 */
export const X86_INTERRUPTS: AddressRange = { first: 0xfee00000n, last: 0xfeefffffn };

/** In a group's `reserved_regions` (iommu_group_show_resv_regions, drivers/iommu/iommu.c 6.12). */
const MSI = /^(0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16}) msi$/;

/** The range in the lines of `reserved_regions`; null when they have none. */
export function interruptsOf(reservedRegions: readonly string[]): AddressRange | null {
  for (const line of reservedRegions) {
    const [, first, last] = MSI.exec(line) ?? [];
    if (first !== undefined && last !== undefined)
      return { first: BigInt(first), last: BigInt(last) };
  }
  return null;
}

export const overlaps = (a: AddressRange, b: AddressRange): boolean =>
  a.first <= b.last && b.first <= a.last;
