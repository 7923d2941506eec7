/**
 * Page faults in mappings of a BAR (vfio_pci_mmap_fault, kernel drivers/vfio/pci/vfio_pci_core.c
 * 6.1).
 */
import { isLowPower, type Mapping, memoryEnabled, type OpenDevice } from './open-device.js';
import { resourceOf } from './pci-function.js';
import { PAGE, REGION_PAGE_BITS } from './regions.js';

/** VM_FAULT_* of Linux include/linux/mm_types.h. */
export const VM_FAULT = { SIGBUS: 0x2, NOPAGE: 0x100, FALLBACK: 0x800 } as const;

/** A fault as the kernel's handler gets it. */
export interface Fault {
  readonly address: number;
  /** Page offset of the address: of the file, or of the BAR's physical address up to 6.9. */
  readonly page: number;
  /** Log2 of the requested number of pages. */
  readonly order: number;
  readonly start: number;
  /** Page offset of the mapping's start. */
  readonly startPage: number;
}

/** The mapping that a fault is in. */
export const mappingAt = (device: OpenDevice, address: number): Mapping | undefined =>
  device.mappings.findLast(({ start, end }) => address >= start && address < end);

/**
 * The arguments that a fault handler must receive, according to the mapping.
 * @param physical page offsets are page frames of the BAR (up to Linux 6.9)
 */
export function expectedFault(
  device: OpenDevice,
  mapping: Mapping,
  address: number,
  physical: boolean,
): Pick<Fault, 'page' | 'start' | 'startPage'> {
  const bar = resourceOf(device.fn, mapping.region).start;
  const startPage = physical
    ? Math.floor(bar / PAGE) + mapping.page
    : mapping.region * 2 ** REGION_PAGE_BITS + mapping.page;
  const page = startPage + Math.floor((address - mapping.start) / PAGE);
  return { page, start: mapping.start, startPage };
}

/** A part of a mapping that was made: what the user left of it, or where he moved it. */
export interface Piece {
  readonly mapping: Mapping;
  readonly moved: boolean;
}

/**
 * The part of a mapping that a fault shows, if the mapping has changed since it was made. No event
 * shows munmap of a part, nor mremap, but the rest keeps its pages.
 * @param within the mapping that was made at the address
 * @returns null when the fault fits the mapping as it was made, or no mapping
 */
export function pieceOf(
  device: OpenDevice,
  within: Mapping | undefined,
  fault: Fault,
  physical: boolean,
): Piece | null {
  const { address, page, start, startPage } = fault;
  const pages = Math.floor((address - start) / PAGE);
  if (address < start || page !== startPage + pages) return null;
  if (within !== undefined) {
    const made = expectedFault(device, within, address, physical);
    if (made.page === page && made.start === start) return null;
    const cut = made.page === page && start > within.start;
    if (cut) return { mapping: partFrom(within, start, start, within.end), moved: false };
  }
  const from = device.mappings.find((mapping) => {
    const first = expectedFault(device, mapping, mapping.start, physical).page;
    const count = (mapping.end - mapping.start) / PAGE;
    return startPage >= first && page < first + count;
  });
  if (from === undefined) return null;
  const first = expectedFault(device, from, from.start, physical).page;
  const at = from.start + (startPage - first) * PAGE;
  return { mapping: partFrom(from, at, start, start + (from.end - at)), moved: true };
}

/** The rest of a mapping from one of its addresses on, at another address. */
const partFrom = (of: Mapping, from: number, start: number, end: number): Mapping => ({
  ...of,
  start,
  end,
  page: of.page + (from - of.start) / PAGE,
  changed: true,
});

/** Whether a touch of a BAR is a bus error, if it is mapped at all. */
export const refusesTouch = (device: OpenDevice): boolean =>
  isLowPower(device) || !memoryEnabled(device);

/** What the handler returns. */
export function faultResult(device: OpenDevice, mapping: Mapping, fault: Fault): number {
  if (fault.order > 0 && !fits(device, mapping, fault)) return VM_FAULT.FALLBACK;
  return refusesTouch(device) ? VM_FAULT.SIGBUS : VM_FAULT.NOPAGE;
}

/** A huge page must be aligned in memory as it is in the mapping, and lie in it. */
function fits(device: OpenDevice, mapping: Mapping, { address, order }: Fault): boolean {
  const bytes = PAGE * 2 ** order;
  const from = address - (address % bytes);
  const bar = Math.floor(resourceOf(device.fn, mapping.region).start / PAGE);
  const frame = bar + mapping.page + (from - mapping.start) / PAGE;
  return frame % 2 ** order === 0 && from >= mapping.start && from + bytes <= mapping.end;
}
