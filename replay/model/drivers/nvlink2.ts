/**
 * NVLink of NVIDIA V100 on POWER9 in vfio-pci (kernel drivers/vfio/pci/vfio_pci_nvlink2.c and
 * vfio_pci.c 5.12; Linux 5.0 to 5.12 had it): memory of the GPU that the CPU reaches coherently,
 * and a register of the bridge that invalidates translations.
 */
import { ERRNO } from '../../../traces/index.js';
import { type DeviceRegion, VENDOR_TYPE } from '../vfio-pci-core/device-regions.js';
import type { Added } from './added.js';
import { rows } from './model-row.js';
import type { ProbeFacts, Properties } from './variant.js';

const SINCE = 5000;
const UNTIL = 5012;
const NVIDIA = 0x10de;
const IBM = 0x1014;
/** Of POWER9. */
const PAGE_BYTES = 0x1_0000;

/** What the device tree says of a function, by the names of its properties. */
const PROPERTY = {
  /** The platform links the function with a bridge, or the bridge with a GPU: 1. */
  LINKED: 'nvlink',
  /** Bytes of the node that the bridge's `memory-region` leads to. */
  MEMORY: 'memory-region-size',
  TARGET: 'ibm,device-tgt-addr',
  SPEED: 'ibm,nvlink-speed',
  ATSD: 'ibm,mmio-atsd',
} as const;

/**
 * What vfio-pci adds to a GPU, or to a bridge, as it is opened.
 * @returns undefined for other functions, other kernels, and what the platform does not link
 */
export function nvlinkOf({ fn, properties, version }: ProbeFacts): Added | undefined {
  const isThere = version >= SINCE && version <= UNTIL && properties[PROPERTY.LINKED] === 1;
  if (!isThere) return undefined;
  if (fn.vendor === NVIDIA) return addedTo(ramErrno(properties), ramOf(properties));
  return fn.vendor === IBM ? addedTo(atsdErrno(properties), atsdOf(properties)) : undefined;
}

const addedTo = (ret: number, region: DeviceRegion): Added => ({
  ret,
  regions: ret === 0 ? [region] : [],
});

const has = (properties: Properties, name: string): boolean => properties[name] !== undefined;

function ramErrno(properties: Properties): number {
  if (!has(properties, PROPERTY.MEMORY)) return -ERRNO.EINVAL;
  return has(properties, PROPERTY.TARGET) ? 0 : -ERRNO.EFAULT;
}

const ramOf = (properties: Properties): DeviceRegion => ({
  type: VENDOR_TYPE + NVIDIA,
  subtype: 1,
  size: properties[PROPERTY.MEMORY] ?? 0,
  writable: true,
  maps: 'once',
});

const atsdErrno = (properties: Properties): number =>
  has(properties, PROPERTY.TARGET) && has(properties, PROPERTY.SPEED) ? 0 : -ERRNO.EFAULT;

/** Not every link has a register of its own: without one the region is empty. */
const atsdOf = (properties: Properties): DeviceRegion => ({
  type: VENDOR_TYPE + IBM,
  subtype: 1,
  size: has(properties, PROPERTY.ATSD) ? PAGE_BYTES : 0,
  writable: true,
  maps: { exactly: PAGE_BYTES },
});

export const NVLINK2_ROWS = rows(
  'nvlink2',
  'drivers/vfio/pci/vfio_pci_nvlink2.c 5.12',
  ['kernels', 'Linux 5.0 to 5.12 have it'],
  ['ram', 'region type 0x800010de, subtype 1: coherent memory of the GPU'],
  ['once', 'a second mapping of it is -EPERM, a longer one than it is -EINVAL'],
  ['atsd', 'region type 0x80001014, subtype 1: one page can be mapped'],
  ['open', 'missing properties fail the open; no NPU does not'],
  [
    'tracepoints',
    'faults and mappings are tracepoints: vfio_pci_nvgpu_mmap_fault and two more',
    'rules of the judge begin with 6.1, which has no such tracepoints',
  ],
);
