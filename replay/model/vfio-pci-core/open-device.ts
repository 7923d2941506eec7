/**
 * An opened device as vfio-pci-core keeps it (vfio_pci_core_enable, kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.1).
 */

import { PCI_POWER } from '../power/power-state.js';
import { CAP } from './capabilities.js';
import type { ConfigSpace } from './config-space-model.js';
import type { DeviceRegion } from './device-regions.js';
import type { PciFunction } from './pci-function.js';

/** Interrupt types by their index in the VFIO API; `NONE` is the count of indexes (uapi vfio.h). */
export const IRQ = { INTX: 0, MSI: 1, MSIX: 2, ERR: 3, REQ: 4, NONE: 5 } as const;

/**
 * Whether a low power feature is engaged (`pm_runtime_engaged`), so that mappings fault: until its
 * user leaves it, or until the device is resumed after it was suspended. `unknown`: that may have
 * come, and the recording does not show it.
 */
export type LowPower = 'off' | 'on' | 'until resumed' | 'unknown';

export interface OpenDevice {
  readonly fn: PciFunction;
  readonly space: ConfigSpace;
  /** Type of the interrupts that the user enabled; null when a lost event may have changed it. */
  irqType: number | null;
  /** Vectors of that type. */
  vectors: number;
  /** The kernel's reads at open were recorded: what BARs held then is known. */
  readonly readAtOpen: boolean;
  /** The reset at open succeeded; null when it was not recorded. */
  readonly resetWorks: boolean | null;
  power: number;
  /** The event with which the last write of configuration space ended; -1 before. */
  written: number;
  lowPower: LowPower;
  readonly mappings: Mapping[];
  /** Calls of mmap that began and did not end: of each there may be a mapping. */
  mapsBegun: number;
  /** Whether the ERR and REQ eventfds are set; null when not known. */
  signals: { err: boolean | null; req: boolean | null };
  /** What its driver, a variant, keeps of it; null when not known, left out for vfio-pci. */
  own?: object | null;
  /** False: the parameter `disable_vga` hides the legacy VGA region. */
  vga?: false;
  /** Regions besides those of every PCI device; null when not known, left out for none. */
  regions?: readonly DeviceRegion[] | null;
}

/** A mapping of a BAR into a process. */
export interface Mapping {
  readonly process: number;
  /** User addresses, the end not included. */
  readonly start: number;
  readonly end: number;
  readonly region: number;
  /** Offset in the region of the first byte, in pages. */
  readonly page: number;
  /** Pages in the page table: all by one fault up to 6.9, one by one later. */
  populated: boolean;
  /** The user unmapped a part of it, or moved it, which only a later fault shows. */
  readonly changed: boolean;
  /** A munmap or mremap of the user, which has not returned yet, removes or moves a part of it. */
  readonly leaving?: true;
  /** Its pages were there at once, and nothing but its user removes them. */
  readonly kept?: true;
}

export const openDevice = (
  fn: PciFunction,
  space: ConfigSpace,
  resetWorks: boolean | null,
  readAtOpen = true,
): OpenDevice => ({
  fn,
  space,
  readAtOpen,
  irqType: IRQ.NONE,
  vectors: 0,
  resetWorks,
  power: 0,
  written: -1,
  lowPower: 'off',
  mappings: [],
  mapsBegun: 0,
  signals: { err: false, req: false },
});

const COMMAND = 4;
const COMMAND_MEMORY = 2;

/** Whether a low power feature is engaged for sure. */
export const isLowPower = ({ lowPower }: OpenDevice): boolean =>
  lowPower === 'on' || lowPower === 'until resumed';

/** Whether BAR accesses reach the device (`__vfio_pci_memory_enabled`). */
export const memoryEnabled = ({ space, power }: OpenDevice): boolean =>
  power < PCI_POWER.D3HOT &&
  (space.noCommandMemory || (space.vconfig[COMMAND] & COMMAND_MEMORY) !== 0);

/** Why accesses of memory BARs do not reach the device, and the cell that says so. */
export const noMemory = ({ power }: OpenDevice): readonly [text: string, cell: string] =>
  power >= PCI_POWER.D3HOT
    ? ['the device is in D3hot', 'device/vfio/power']
    : ['memory is off in the Command register', 'device/vfio/memory'];

/** All mappings of the BARs go: the next touch faults again. */
export function zap(device: OpenDevice): void {
  for (const mapping of device.mappings) mapping.populated = mapping.kept === true;
}

const INTERRUPT_PIN = 0x3d;

/** Number of interrupts of an index (`vfio_pci_get_irq_count`); 0 if it has none. */
export function irqCount({ space }: OpenDevice, index: number): number {
  switch (index) {
    case IRQ.INTX:
      return space.vconfig[INTERRUPT_PIN] === 0 ? 0 : 1;
    case IRQ.MSI:
      return space.msiFlags === null ? 0 : 1 << ((space.msiFlags >> 1) & 7);
    case IRQ.MSIX:
      return space.msix?.vectors ?? 0;
    case IRQ.ERR:
      return CAP.EXP in space.capabilities ? 1 : 0;
    default:
      return index === IRQ.REQ ? 1 : 0;
  }
}
