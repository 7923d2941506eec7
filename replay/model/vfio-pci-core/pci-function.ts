/** What vfio-pci-core knows of a function from the PCI core, and does not read from it. */

/** A resource as sysfs prints it: inclusive end, IORESOURCE_* flags; all 0 if it does not exist. */
export interface Resource {
  readonly start: number;
  readonly end: number;
  readonly flags: number;
}

export interface PciFunction {
  readonly vendor: number;
  readonly device: number;
  /** Base class, subclass and programming interface: 24 bits. */
  readonly class: number;
  readonly isVf: boolean;
  /** BAR 0 to 5 and the ROM. */
  readonly resources: readonly Resource[];
}

/** IORESOURCE_* of Linux include/linux/ioport.h. */
export const IORESOURCE = {
  ROM_SHADOW: 0x2,
  IO: 0x100,
  MEM: 0x200,
  PREFETCH: 0x2000,
  MEM_64: 0x100000,
} as const;

export const BARS = 6;
export const ROM = 6;
/** Bytes of a ROM that the firmware copied to the legacy area (vfio_pci_bar_rw). */
export const SHADOW_ROM_BYTES = 0x20000;

export const NO_RESOURCE: Resource = { start: 0, end: 0, flags: 0 };

export const resourceOf = (fn: PciFunction, index: number): Resource =>
  fn.resources[index] ?? NO_RESOURCE;

/** Bytes of a resource; 0 if it does not exist (`pci_resource_len`). */
export const lengthOf = ({ start, end }: Resource): number =>
  start === 0 && end === 0 ? 0 : end - start + 1;

export const isIo = ({ flags }: Resource): boolean => (flags & IORESOURCE.IO) !== 0;
export const isMemory = ({ flags }: Resource): boolean => (flags & IORESOURCE.MEM) !== 0;
export const isPrefetchable = ({ flags }: Resource): boolean => (flags & IORESOURCE.PREFETCH) !== 0;
export const is64Bit = ({ flags }: Resource): boolean => (flags & IORESOURCE.MEM_64) !== 0;
export const isShadowRom = ({ flags }: Resource): boolean => (flags & IORESOURCE.ROM_SHADOW) !== 0;

/** Parses one line of sysfs `resource`: start, end and flags in hexadecimal. */
export function parseResource(line: string): Resource {
  const [start, end, flags] = line.trim().split(/\s+/).map(Number);
  return { start, end, flags };
}
