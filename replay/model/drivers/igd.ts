/**
 * Intel graphics in vfio-pci (kernel drivers/vfio/pci/vfio_pci_igd.c and vfio_pci.c 6.12): the
 * OpRegion, where firmware and driver exchange data, and copies of the configuration space of the
 * host bridge and of the LPC bridge.
 */
import { ERRNO } from '../../../traces/index.js';
import { type DeviceRegion, VENDOR_TYPE } from '../vfio-pci-core/device-regions.js';
import { littleEndian, peek } from '../vfio-pci-core/little-endian.js';
import type { Added } from './added.js';
import { rows } from './model-row.js';
import type { ProbeFacts, Properties } from './variant.js';

const INTEL = 0x8086;
const VGA = 0x0300;
const DISPLAY = 0x03;
/** Before this release only a VGA controller counts, then any display. */
const ANY_DISPLAY_SINCE = 6015;

const TYPE = VENDOR_TYPE + INTEL;
const SUBTYPE = { OPREGION: 1, HOST_BRIDGE: 2, LPC: 3 } as const;
const HOST_BRIDGE = { address: '0000:00:00.0', class: 0x060000 } as const;
const LPC = { address: '0000:00:1f.0', class: 0x060100 } as const;

/** The register that holds the address of the OpRegion. */
const ADDRESS_REGISTER = 0xfc;
const ALL_ONES = 0xffff_ffff;
const SIGNATURE = 'IntelGraphicsMem';
const SIZE_AT = 0x10;
const VERSION_AT = 0x16;
/** Address of an extended VBT, and bytes of it, from version 2.0 on. */
const RVDA_AT = 0x3ba;
const MAPPED_BYTES = 0x2000;
const KIB = 1024;

/** What the OpRegion holds, by the names that a scenario has for it. */
const PROPERTY = {
  /** Any other number than 1: memory at its address is not an OpRegion. */
  SIGNATURE: 'opregion-signature',
  KIB: 'opregion-kib',
  VERSION: 'opregion-version',
  RVDA: 'opregion-rvda',
  RVDS: 'opregion-rvds',
} as const;

/**
 * What vfio-pci adds to Intel graphics as it is opened.
 * @returns undefined for another device
 */
export function igdOf({ fn, config, properties, version, at }: ProbeFacts): Added | undefined {
  const isOld = version !== 0 && version < ANY_DISPLAY_SINCE;
  const isDisplay = isOld ? fn.class >> 8 === VGA : fn.class >> 16 === DISPLAY;
  if (fn.vendor !== INTEL || !isDisplay) return undefined;
  const address = peek(config, ADDRESS_REGISTER, 4);
  if (address === 0 || address === ALL_ONES) return { ret: 0, regions: [] };
  const kib = properties[PROPERTY.KIB];
  // No recording of a machine has what memory holds at the address.
  if (kib === undefined) {
    return { ret: null, regions: null, virtual: { offset: ADDRESS_REGISTER, value: null } };
  }
  if ((properties[PROPERTY.SIGNATURE] ?? 1) !== 1 || kib === 0) {
    return { ret: -ERRNO.EINVAL, regions: [] };
  }
  const opRegion = opRegionOf(kib, properties);
  const virtual = { offset: ADDRESS_REGISTER, value: shownAddress(address, properties) };
  const regions = [opRegion];
  for (const [subtype, bridge] of [
    [SUBTYPE.HOST_BRIDGE, HOST_BRIDGE],
    [SUBTYPE.LPC, LPC],
  ] as const) {
    const found = at?.(bridge.address) ?? null;
    if (found === 'unknown') return { ret: null, regions: null, virtual };
    // -ENODEV does not fail the open: the device has the regions up to here.
    if (found === null) return { ret: 0, regions, virtual };
    if (found.vendor !== INTEL || found.class !== bridge.class) {
      return { ret: -ERRNO.EINVAL, regions, virtual };
    }
    regions.push({ ...readOnly(subtype, found.configBytes), copyOf: bridge.address });
  }
  return { ret: 0, regions, virtual };
}

const readOnly = (subtype: number, size: number): DeviceRegion => ({
  type: TYPE,
  subtype,
  size,
  writable: false,
  maps: null,
});

/** Bytes of a VBT that does not fit into the OpRegion; 0 without one. */
function extendedVbt(properties: Properties): number {
  const version = properties[PROPERTY.VERSION] ?? 0;
  const rvda = properties[PROPERTY.RVDA] ?? 0;
  return version >= 0x200 && rvda !== 0 ? (properties[PROPERTY.RVDS] ?? 0) : 0;
}

/** An extended VBT follows, wherever it lies: 2.0, whose address is absolute, is shown as 2.1. */
function opRegionOf(kib: number, properties: Properties): DeviceRegion {
  const vbt = extendedVbt(properties);
  const given = properties[PROPERTY.VERSION] ?? 0;
  const version = given === 0x200 && vbt > 0 ? 0x201 : given;
  return {
    ...readOnly(SUBTYPE.OPREGION, kib * KIB + vbt),
    shown: [
      { at: 0, bytes: [...SIGNATURE].map((letter) => letter.charCodeAt(0)) },
      { at: SIZE_AT, bytes: littleEndian(kib, 4) },
      { at: VERSION_AT, bytes: littleEndian(version, 2) },
      { at: RVDA_AT, bytes: littleEndian(vbt > 0 ? MAPPED_BYTES : 0, 8) },
    ],
  };
}

/** The register's copy has the address that was mapped last: that of the extended VBT. */
function shownAddress(address: number, properties: Properties): number {
  if (extendedVbt(properties) === 0) return address;
  const rvda = properties[PROPERTY.RVDA] ?? 0;
  return (properties[PROPERTY.VERSION] === 0x200 ? rvda : address + rvda) % 2 ** 32;
}

export const IGD_ROWS = rows(
  'igd',
  'drivers/vfio/pci/vfio_pci_igd.c 6.12',
  ['display', 'VGA controllers of Intel, from 6.15 on other displays of Intel, too'],
  ['no-region', 'an OpRegion address of 0 or all ones: the device opens without the region'],
  ['signature', 'another signature than IntelGraphicsMem, or size 0: the open is -EINVAL'],
  ['opregion', 'region type 0x80008086, subtype 1: read only, -EINVAL past its end'],
  ['vbt', 'an extended VBT that is elsewhere is appended, and shown as version 2.1'],
  ['register', 'the register of the address is a copy that the user may write'],
  ['host-bridge', 'the configuration space of the host bridge is subtype 2, read only'],
  ['lpc', 'that of the LPC bridge is subtype 3, read only'],
  ['no-bridge', 'without a bridge the device opens, with one of another kind: -EINVAL'],
  ['copy', 'a bridge is read in dwords, and in words and bytes up to their border'],
  ['no-map', 'none of the regions can be mapped'],
  [
    'memory',
    'the open is -ENOMEM if memory cannot be mapped',
    'results of memory allocation are not modelled',
  ],
);
