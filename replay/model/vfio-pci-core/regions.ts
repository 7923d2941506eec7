/**
 * Bounds and errors of the regions of a device (kernel drivers/vfio/pci/vfio_pci_core.c and
 * vfio_pci_rdwr.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { because, type Results } from '../reason.js';
import { accessDeviceRegion, type DeviceRegion, mapDeviceRegion } from './device-regions.js';
import { memoryEnabled, noMemory, type OpenDevice } from './open-device.js';
import {
  BARS,
  isMemory,
  isShadowRom,
  lengthOf,
  type Resource,
  ROM,
  resourceOf,
  SHADOW_ROM_BYTES,
} from './pci-function.js';

export const REGION = { CONFIG: 7, VGA: 8 } as const;
/** Regions that every PCI device has (uapi VFIO_PCI_NUM_REGIONS). */
export const REGIONS = 9;
export const PAGE = 4096;
/** Bits of a file position below the region index, less those of a page. */
export const REGION_PAGE_BITS = 28;

const VGA_CLASS = 0x030000;
const DISPLAY_CLASS = 0x03;

/** Whether the device has the legacy VGA region. */
export const hasVga = ({ fn, vga }: OpenDevice): boolean =>
  vga !== false && (fn.class & 0xffff00) === VGA_CLASS;

/** Intel graphics: it may have regions of its own, an OpRegion and copies of bridges. */
const isIntelDisplay = ({ vendor, class: code }: OpenDevice['fn']): boolean =>
  vendor === 0x8086 && code >> 16 === DISPLAY_CLASS;

/**
 * A region besides those of every PCI device.
 * @returns null when the device does not have it
 */
export function deviceRegion(device: OpenDevice, index: number): DeviceRegion | 'unknown' | null {
  const { regions = isIntelDisplay(device.fn) ? null : [] } = device;
  return regions === null ? 'unknown' : (regions[index - REGIONS] ?? null);
}

/**
 * What an access of such a region returns.
 * @returns null when not known
 */
export function serveDeviceRegion(
  device: OpenDevice,
  index: number,
  access: Parameters<typeof accessDeviceRegion>[1],
): Results | null {
  const region = deviceRegion(device, index);
  if (region === null) return because(ERRNO.EINVAL, `the device has no region ${index}`);
  return region === 'unknown' ? null : accessDeviceRegion(region, access);
}

/** A region that can be mapped only once was. */
export function keepMapped(device: OpenDevice, index: number): void {
  const { regions } = device;
  const region = deviceRegion(device, index);
  if (!regions || region === 'unknown' || region?.maps !== 'once') return;
  device.regions = regions.map((one) => (one === region ? { ...one, isMapped: true } : one));
}

function barBytes(resource: Resource, index: number): number {
  if (resource.start !== 0) return lengthOf(resource);
  return index === ROM && isShadowRom(resource) ? SHADOW_ROM_BYTES : 0;
}

/**
 * What `vfio_pci_bar_rw` returns for a BAR or the ROM.
 * @param offset in the region
 * @returns bytes or a negative errno; -ENOMEM of a ROM that does not answer is not foreseen
 */
export const barAccess = (
  device: OpenDevice,
  region: number,
  offset: number,
  count: number,
): number => {
  const served = barServes(device, region, offset, count);
  return typeof served === 'number' ? served : served[0];
};

/** The same; a refused access has its reason. */
export function barServes(
  device: OpenDevice,
  region: number,
  offset: number,
  count: number,
): number | Results {
  const resource = resourceOf(device.fn, region);
  const bytes = barBytes(resource, region);
  if (bytes === 0) return because(ERRNO.EINVAL, `the device has no region ${region}`);
  if (offset >= bytes) {
    const end = `the end of region ${region}, which has ${hex(bytes)} bytes`;
    const text = `offset ${hex(offset)} is past ${end}`;
    return because(ERRNO.EINVAL, text);
  }
  const served = Math.min(count, bytes - offset);
  if (!isMemory(resource) || memoryEnabled(device)) return served;
  // The MSI-X table is never touched, so that only it can be accessed while memory is off.
  const { msix } = device.space;
  const inTable =
    msix?.bar === region && offset >= msix.offset && offset + served <= msix.offset + msix.length;
  return inTable ? served : because(ERRNO.EIO, ...noMemory(device));
}

/**
 * Whether a user may map a BAR (`vfio_pci_probe_mmaps`).
 * @param alone whether no other function has a resource in the page; a smaller BAR can then be
 * mapped
 */
function mappable(
  device: OpenDevice,
  region: number,
  alone: (page: Resource) => boolean | null,
): boolean | null {
  const resource = resourceOf(device.fn, region);
  if (!isMemory(resource) || lengthOf(resource) === 0) return false;
  if (lengthOf(resource) >= PAGE) return true;
  if (resource.start % PAGE !== 0) return false;
  return alone({ ...resource, start: resource.end + 1, end: resource.start + PAGE - 1 });
}

/**
 * What `vfio_pci_core_mmap` returns.
 * @param page offset of the mapping in the file, in pages
 */
export function mapRegion(
  device: OpenDevice,
  page: number,
  start: number,
  end: number,
  alone: (page: Resource) => boolean | null,
): Results | null {
  const region = Math.floor(page / 2 ** REGION_PAGE_BITS);
  if (region >= REGIONS && end >= start) {
    const own = deviceRegion(device, region);
    if (own !== null) return own === 'unknown' ? null : mapDeviceRegion(own, end - start);
  }
  if (region >= BARS || end < start) return notMapped(`region ${region} is no BAR`);
  const can = mappable(device, region, alone);
  if (can !== true) {
    const text = `region ${region} is not of memory, or shares its page with another`;
    return can === null ? null : notMapped(text);
  }
  const from = (page % 2 ** REGION_PAGE_BITS) * PAGE;
  const bytes = Math.ceil(lengthOf(resourceOf(device.fn, region)) / PAGE) * PAGE;
  const last = `the range ends at ${hex(from + (end - start))}, and the region at ${hex(bytes)}`;
  return from + (end - start) > bytes ? notMapped(last) : [0];
}

const notMapped = (text: string): Results => because(ERRNO.EINVAL, text);
