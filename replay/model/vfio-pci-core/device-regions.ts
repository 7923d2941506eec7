/**
 * Regions that a device has besides those of every PCI device: Intel graphics and NVLink register
 * them as the device is opened (`vfio_pci_core_register_dev_region`, kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.12). They follow the region of VGA, in this order.
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { because, type Results } from '../reason.js';
import type { Width } from './little-endian.js';

/** `VFIO_REGION_TYPE_PCI_VENDOR_TYPE`: the other bits are the id of a vendor (uapi vfio.h). */
export const VENDOR_TYPE = 0x8000_0000;

/** Plain data: a region that changes is replaced. */
export interface DeviceRegion {
  /** What the capability TYPE of GET_REGION_INFO says. */
  readonly type: number;
  readonly subtype: number;
  readonly size: number;
  readonly writable: boolean;
  /** How it can be mapped; null: not at all. */
  readonly maps: 'once' | { readonly exactly: number } | null;
  /** It was mapped, which counts where that is allowed only once. */
  readonly isMapped?: true;
  /** It is a copy of the configuration space of the function at this address. */
  readonly copyOf?: string;
  /** Bytes that a read shows whatever memory holds, by where they begin. */
  readonly shown?: readonly { readonly at: number; readonly bytes: readonly number[] }[];
}

/** A byte that a read of a region shows; null where that depends on memory or hardware. */
export function shownByte({ shown = [] }: DeviceRegion, offset: number): number | null {
  const found = shown.find(({ at, bytes }) => offset >= at && offset < at + bytes.length);
  return found === undefined ? null : found.bytes[offset - found.at];
}

/** What a read or a write returns: one that crosses the end is cut. */
export function accessDeviceRegion(
  region: DeviceRegion,
  { offset, count, write }: { readonly offset: number; readonly count: number; write: boolean },
): Results {
  const { size, writable } = region;
  if (offset >= size) {
    return because(ERRNO.EINVAL, `offset ${hex(offset)} is past the end of ${hex(size)} bytes`);
  }
  if (write && !writable) return because(ERRNO.EINVAL, 'the region cannot be written');
  return [Math.min(count, size - offset)];
}

/**
 * What mapping a region returns. Where it is allowed, all pages are there at once, or come without
 * a fault that a recorder sees.
 */
export function mapDeviceRegion(region: DeviceRegion, length: number): Results {
  const { maps, size } = region;
  if (maps === null) return because(ERRNO.EINVAL, 'the region cannot be mapped');
  if (maps !== 'once') {
    return length === maps.exactly
      ? [0]
      : because(ERRNO.EINVAL, `${hex(length)} bytes are not the ${hex(maps.exactly)} of a page`);
  }
  if (region.isMapped === true) return because(ERRNO.EPERM, 'the region was mapped already');
  return length > size
    ? because(ERRNO.EINVAL, `${hex(length)} bytes are more than the ${hex(size)} of the region`)
    : [0];
}

/** Reads of the hardware that one read of a copy of configuration space is made of, in order. */
export function copyReads(offset: number, count: number): { offset: number; width: Width }[] {
  const reads: { offset: number; width: Width }[] = [];
  let left = count;
  let at = offset;
  const read = (width: Width) => {
    reads.push({ offset: at, width });
    at += width;
    left -= width;
  };
  if (at % 2 === 1 && left > 0) read(1);
  if (at % 4 !== 0 && left > 2) read(2);
  while (left > 3) read(4);
  while (left >= 2) read(2);
  while (left > 0) read(1);
  return reads;
}
