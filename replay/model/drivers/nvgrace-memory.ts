/**
 * How nvgrace-gpu divides the memory of a GPU, and what accesses to it return
 * (nvgrace_gpu_init_nvdev_struct, nvgrace_gpu_read_mem, kernel
 * drivers/vfio/pci/nvgrace-gpu/main.c 6.19).
 */
import { ERRNO } from '../../../traces/index.js';
import { EXT } from '../vfio-pci-core/capabilities.js';
import { peek } from '../vfio-pci-core/little-endian.js';
import type { RegionAccess, Served } from './variant.js';

/** A part of the memory, as a BAR that the device does not have. */
export interface Part {
  /** Bytes that there are. */
  readonly length: number;
  /** Bytes of the BAR: a power of two. */
  readonly barSize: number;
}

/** `usemem` is cached, `resmem` is not; without the bug of the hardware there is no `resmem`. */
export interface Split {
  readonly usemem: Part;
  readonly resmem: Part;
}

const GIB = 2 ** 30;
/** What the firmware and the driver of the virtual machine assume. */
const MEMBLK = GIB / 2;

export const NO_PART: Part = { length: 0, barSize: 0 };

const powerOfTwo = (bytes: number): number => 2 ** Math.ceil(Math.log2(bytes));

/** @returns the parts, or the errno with which the probe fails */
export function split(total: number, bug: boolean): Split | number {
  const usable = total - (bug ? GIB : 0);
  if (usable < 0) return -ERRNO.EOVERFLOW;
  if (!bug) return { usemem: { length: usable, barSize: powerOfTwo(usable) }, resmem: NO_PART };
  // The size of the BAR is that before the length is rounded.
  const length = usable - (usable % MEMBLK);
  if (length === 0) return -ERRNO.EINVAL;
  const rest = total - length;
  return {
    usemem: { length, barSize: powerOfTwo(usable) },
    resmem: { length: rest, barSize: powerOfTwo(rest) },
  };
}

/** DVSEC of NVIDIA with the bit that shows that the hardware does not have the bug. */
const FIX = { vendor: 0x10de, id: 3, at: 0xa, bit: 1 } as const;
const FIRST_EXTENDED = 0x100;
const EXTENDED_MAX = 960;

/** Whether MIG needs a part of the memory that is not cached (nvgrace_gpu_has_mig_hw_bug). */
export function hasMigBug(config: Uint8Array): boolean {
  let at = FIRST_EXTENDED;
  for (let i = 0; i < EXTENDED_MAX && at >= FIRST_EXTENDED && at + 12 <= config.length; i++) {
    const header = peek(config, at, 4);
    const isFix = peek(config, at + 4, 2) === FIX.vendor && peek(config, at + 8, 2) === FIX.id;
    if ((header & 0xffff) === EXT.DVSEC && isFix) {
      return (peek(config, at + FIX.at, 2) & FIX.bit) === 0;
    }
    at = (header >>> 20) & 0xffc;
  }
  return true;
}

/** Reads past the memory are all ones, writes there are dropped, and both count as done. */
export function accessPart(
  part: Part,
  { offset, count }: RegionAccess,
): Extract<Served<never>, { readonly by: 'driver' }> {
  if (offset >= part.barSize) return { by: 'driver', ret: -ERRNO.EINVAL };
  const ret = Math.min(count, part.barSize - offset);
  return { by: 'driver', ret, byte: (at) => (offset + at < part.length ? null : 0xff) };
}

/** Only memory that there is can be mapped. */
export function mapPart({ length: bytes }: Part, offset: number, length: number): number {
  return offset + length > bytes ? -ERRNO.EINVAL : 0;
}
