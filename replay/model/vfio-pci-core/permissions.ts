/**
 * Which bits of configuration space a user reads from a virtual copy, and which he may write
 * (vfio-pci-config §4 to §6; kernel drivers/vfio/pci/vfio_pci_config.c 6.1).
 */

import { CAP, EXT } from './capabilities.js';
import { poke, type Width } from './little-endian.js';

/** How accesses to an owner's bytes are served. */
export type Read = 'masked' | 'direct' | 'hardware' | 'virtual' | 'basic';
export type Write =
  | 'masked'
  | 'dropped'
  | 'hardware'
  | 'virtual'
  | 'basic'
  | 'pm'
  | 'vpd'
  | 'msi'
  | 'pcie'
  | 'af';

export interface Permissions {
  readonly read: Read;
  readonly write: Write;
  /** Bits that live in the virtual copy, by offset in the capability. */
  readonly virtual: Uint8Array;
  /** Bits that a user may change. */
  readonly writable: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const unmasked = (read: Read, write: Write): Permissions => ({
  read,
  write,
  virtual: NOTHING,
  writable: NOTHING,
});

export const GAP_PERMISSIONS = unmasked('hardware', 'hardware');
export const VIRTUAL_PERMISSIONS = unmasked('virtual', 'virtual');
/** A capability without a table: read from hardware but for its list header, never written. */
const READ_ONLY = unmasked('direct', 'dropped');
const VENDOR = unmasked('direct', 'hardware');

type Field = readonly [offset: number, width: Width, virtual: number, writable: number];

function table(length: number, read: Read, write: Write, fields: readonly Field[]): Permissions {
  const bytes = Math.ceil(length / 4) * 4;
  const [virtual, writable] = [new Uint8Array(bytes), new Uint8Array(bytes)];
  for (const [offset, width, v, w] of fields) {
    poke(virtual, offset, width, v);
    poke(writable, offset, width, w);
  }
  return { read, write, virtual, writable };
}

const ALL = 0xffffffff;
const INTX_DISABLE = 0x400;
const STATUS_CAP_LIST = 0x10;
/** The next pointer is virtual, so that capabilities can be hidden. */
const NEXT: Field = [1, 1, ALL, 0];
const EXTENDED_HEADER: Field = [0, 4, ALL, 0];

const BAR_OFFSETS = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30];

const basic = table(64, 'basic', 'basic', [
  [0x00, 2, ALL, 0],
  [0x02, 2, ALL, 0],
  [0x04, 2, INTX_DISABLE, ALL],
  [0x06, 2, STATUS_CAP_LIST, 0],
  [0x0c, 1, 0, ALL],
  [0x0d, 1, 0, ALL],
  [0x0f, 1, 0, ALL],
  ...BAR_OFFSETS.map((at): Field => [at, 4, ALL, ALL]),
  [0x34, 1, ALL, 0],
  [0x3c, 1, ALL, ALL],
  [0x3d, 1, ALL, 0],
]);

const PME_SUPPORT = 0xf800;
const PME = 0x8100;
const POWER_STATE = 0x3;
const pm = table(8, 'masked', 'pm', [
  NEXT,
  [2, 2, PME_SUPPORT, 0],
  [4, 4, PME, ~(PME | POWER_STATE)],
]);

const vpd = table(8, 'masked', 'vpd', [NEXT, [2, 2, ALL, ALL], [4, 4, ALL, ALL]]);
const pcix = table(24, 'masked', 'masked', [NEXT, [2, 2, 0, ALL], [8, 4, 0, ALL]]);

const DEVCTL_FLR_MRRS_MPS = 0xf0e0;
const DEVCTL_PHANTOM = 0x200;
const DEVCTL2_ARI = 0x20;
const pcie = table(52, 'masked', 'pcie', [
  NEXT,
  [8, 2, DEVCTL_FLR_MRRS_MPS, ~DEVCTL_PHANTOM],
  [0x28, 2, 0, ~DEVCTL2_ARI],
]);

const af = table(6, 'masked', 'af', [NEXT, [4, 1, 1, 1]]);

const AER_UNCORRECTABLE = 0x03fff031;
const AER_CORRECTABLE = 0x0000f1c1;
const AER_ECRC = 0x140;
const aer = table(44, 'masked', 'masked', [
  EXTENDED_HEADER,
  [0x04, 4, 0, AER_UNCORRECTABLE],
  [0x08, 4, 0, AER_UNCORRECTABLE],
  [0x0c, 4, 0, AER_UNCORRECTABLE],
  [0x10, 4, 0, AER_CORRECTABLE],
  [0x14, 4, 0, AER_CORRECTABLE],
  [0x18, 4, 0, AER_ECRC],
]);

const powerBudget = table(16, 'masked', 'masked', [EXTENDED_HEADER, [8, 1, 0, ALL]]);

/** The layout of MSI depends on its flags: 64-bit addresses, masking per vector. */
export function msiPermissions(flags: number): Permissions {
  const wide = (flags & 0x80) !== 0;
  const data = wide ? 12 : 8;
  const fields: Field[] = [NEXT, [2, 1, ALL, ALL], [4, 4, ALL, ALL]];
  if (wide) fields.push([8, 4, ALL, ALL]);
  fields.push([data, 2, ALL, ALL]);
  if (flags & 0x100) fields.push([data + 4, 4, 0, ALL], [data + 8, 4, 0, ALL]);
  return table(24, 'masked', 'msi', fields);
}

const STANDARD: Readonly<Record<number, Permissions>> = {
  [CAP.BASIC]: basic,
  [CAP.PM]: pm,
  [CAP.VPD]: vpd,
  [CAP.PCIX]: pcix,
  [CAP.VENDOR]: VENDOR,
  [CAP.EXP]: pcie,
  [CAP.AF]: af,
};

const EXTENDED: Readonly<Record<number, Permissions>> = {
  [EXT.AER]: aer,
  [EXT.POWER]: powerBudget,
  [EXT.VENDOR]: VENDOR,
  [EXT.DVSEC]: VENDOR,
};

/** Permissions of a standard capability other than MSI, or of the header. */
export const standardPermissions = (id: number): Permissions => STANDARD[id] ?? READ_ONLY;
/** Permissions of an extended capability. */
export const extendedPermissions = (id: number): Permissions => EXTENDED[id] ?? READ_ONLY;
