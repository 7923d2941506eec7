/**
 * PCI functions of s390 in vfio-pci-core (kernel drivers/vfio/pci/vfio_pci_zdev.c and
 * include/uapi/linux/vfio_zdev.h 6.12): that KVM registers them, and capabilities of
 * VFIO_DEVICE_GET_INFO.
 */
import { littleEndian } from '../vfio-pci-core/little-endian.js';
import { rows } from './model-row.js';
import type { ProbeFacts, Properties } from './variant.js';

/** What the platform says of a function, by the names that a scenario has for it. */
const PROPERTY = {
  /** 1 on s390. */
  ZPCI: 'zpci',
  /**
   * Its user has set KVM for the group: what registering the function with KVM returns, as a
   * positive errno, or 0. ENOENT when the module of KVM is not there.
   */
  KVM_REGISTER: 'zpci-kvm-register',
  UTIL_STR: 'zpci-util-str',
} as const;
const name = (field: string): string => `zpci-${field}`;

/** Capabilities of version 2 have the function handle, and the longest interpreted store. */
const VERSION_2_SINCE = 6000;
const ID = { BASE: 1, GROUP: 2, UTIL: 3, PFIP: 4 } as const;
const HEADER_BYTES = 8;
const UTIL_STR_BYTES = 64;
const PFIP_SEGMENTS = 4;
const FLAG_REFRESH = 1;
const MAX_WRITE_BYTES = 128;

export interface Zdev {
  /** What opening the device returns before its configuration space is built. */
  readonly enables: number;
  readonly capabilities: readonly Uint8Array[];
}

type Field = readonly [offset: number, width: 1 | 2 | 4 | 8, value: number];

function capability(id: number, version: number, bytes: number, fields: readonly Field[]) {
  const made = new Uint8Array(bytes);
  const header: Field[] = [
    [0, 2, id],
    [2, 2, version],
  ];
  for (const [offset, width, value] of [...header, ...fields])
    made.set(littleEndian(value, width), offset);
  return made;
}

/** @returns null on another platform */
export function zdevOf({ properties, version }: ProbeFacts): Zdev | null {
  if (properties[PROPERTY.ZPCI] !== 1) return null;
  const errno = properties[PROPERTY.KVM_REGISTER] ?? 0;
  return { enables: errno === 0 ? 0 : -errno, capabilities: capabilitiesOf(properties, version) };
}

function capabilitiesOf(properties: Properties, version: number): Uint8Array[] {
  const of = (field: string): number => properties[name(field)] ?? 0;
  const form = version === 0 || version >= VERSION_2_SINCE ? 2 : 1;
  const base: Field[] = [
    [8, 8, of('start-dma')],
    [16, 8, of('end-dma')],
    [24, 2, of('pchid')],
    [26, 2, of('vfn')],
    [28, 2, of('fmb-length')],
    [30, 1, of('pft')],
    [31, 1, of('gid')],
  ];
  const group: Field[] = [
    [8, 8, of('dasm')],
    [16, 8, of('msi-addr')],
    [24, 8, FLAG_REFRESH],
    [32, 2, of('mui')],
    [34, 2, of('noi')],
    [36, 2, MAX_WRITE_BYTES],
    [38, 1, of('version')],
  ];
  if (form === 2) {
    base.push([32, 4, of('fh')]);
    group.push([40, 2, of('maxstbl')]);
  }
  const util = capability(ID.UTIL, 1, HEADER_BYTES + 4 + UTIL_STR_BYTES, [[8, 4, UTIL_STR_BYTES]]);
  const pfip = capability(ID.PFIP, 1, HEADER_BYTES + 4 + PFIP_SEGMENTS, [
    [8, 4, PFIP_SEGMENTS],
    [12, 4, of('pfip')],
  ]);
  return [
    capability(ID.BASE, form, form === 2 ? 40 : 32, base),
    capability(ID.GROUP, form, form === 2 ? 48 : 40, group),
    ...(properties[PROPERTY.UTIL_STR] === 1 ? [util] : []),
    pfip,
  ];
}

export const ZDEV_ROWS = rows(
  'zdev',
  'drivers/vfio/pci/vfio_pci_zdev.c 6.12',
  ['base', 'GET_INFO has capability 1 with DMA addresses, PCHID, function and its handle'],
  ['group', 'capability 2 with the MSI address and limits of the group'],
  ['util', 'capability 3 with the utility string, where the function has one'],
  ['pfip', 'capability 4 with the path of the function'],
  ['kvm', 'opening the device registers it with KVM, or fails with its errno'],
  ['no-hook', 'without the module of KVM that fails with -ENOENT'],
);
