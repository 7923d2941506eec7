/**
 * The hardware of a function as VFIO shows it: configuration space with its writable registers, and
 * the BARs (PCI Local Bus Specification 3.0, chapter 6; PCI Express Base Specification, chapter 7).
 */
import type { PciIds } from '../model/binding/pci-ids.js';
import { EXT_CAP } from '../model/config-space.js';
import { BASIC_BYTES, CAP, EXPRESS_BYTES, EXT } from '../model/vfio-pci-core/capabilities.js';
import { merge, peek, poke, type Width } from '../model/vfio-pci-core/little-endian.js';
import {
  BARS,
  IORESOURCE,
  isMemory,
  lengthOf,
  NO_RESOURCE,
  type PciFunction,
  type Resource,
} from '../model/vfio-pci-core/pci-function.js';
import type { HardwareSpec, SriovSpec } from './machine-spec.js';

export const defaultHardware: HardwareSpec = {
  bars: [0x4000],
  pin: true,
  msi: 1,
  msix: 0,
  express: false,
  reset: 0,
};

const FIRST_EXT_CAP = 0x100;
/** Where a vendor-specific capability lies that is not the first of the list. */
const DVSEC_AT = 0x200;
/** Where capabilities lie. */
const AT = { PM: 0x40, MSI: 0x50, MSIX: 0x70, EXP: 0x80 } as const;
const COMMAND_MEMORY = 2;
const STATUS_CAP_LIST = 0x10;
const INTERRUPT_LINE = 10;
const BRIDGE = 0x0604;
const FIRST_BAR = 0xe000_0000;
/** Address space that each function has its BARs in. */
const BARS_OF_FUNCTION = 0x0100_0000;

/**
 * Places BARs one after the other, each aligned to its size.
 * @param count functions that each resource has room for
 */
function placeBars(bars: readonly number[], first: number, count: number): Resource[] {
  let next = first;
  return Array.from({ length: BARS }, (_, i): Resource => {
    const bytes = bars[i] ?? 0;
    if (bytes === 0) return NO_RESOURCE;
    const start = Math.ceil(next / bytes) * bytes;
    next = start + bytes * count;
    return { start, end: next - 1, flags: IORESOURCE.MEM };
  });
}

/** BAR 0 to 5 and the ROM. */
function resourcesOf({ bars, recorded }: HardwareSpec, index: number): readonly Resource[] {
  if (recorded !== undefined) return recorded.resources;
  return [...placeBars(bars, FIRST_BAR + (index % 256) * BARS_OF_FUNCTION, 1), NO_RESOURCE];
}

/** Address space that each PF has the BARs of its VFs in. */
const FIRST_VF_BAR = 0x40_0000_0000;
const BARS_OF_VFS = 0x1_0000_0000;

/**
 * BARs of all VFs of a PF: each is one resource of the PF, with room for as many VFs as it can have
 * (sriov_init, kernel drivers/pci/iov.c 6.1).
 * @param index of the PF's place
 */
export const resourcesOfVfs = ({ bars }: HardwareSpec, vfs: number, index: number): Resource[] =>
  placeBars(bars, FIRST_VF_BAR + index * BARS_OF_VFS, vfs);

/** BARs of one of them. */
function resourcesOfVf(spec: HardwareSpec, { vfs, pf, index }: VfPlace): Resource[] {
  const all = resourcesOfVfs(spec, vfs, pf);
  const parts = all.map((of, i): Resource => {
    const bytes = spec.bars[i] ?? 0;
    if (bytes === 0) return of;
    const start = of.start + bytes * index;
    return { ...of, start, end: start + bytes - 1 };
  });
  return [...parts, NO_RESOURCE];
}

/** A VF: how many its PF can have, the number of the PF's place, and its own index. */
export interface VfPlace {
  readonly vfs: number;
  readonly pf: number;
  readonly index: number;
}

/**
 * Configuration space and resources of a new function.
 * @param index of its place, which determines the addresses of its BARs
 * @param vf null for a function that is not a VF
 */
export function hardwareOf(
  ids: PciIds,
  spec: HardwareSpec,
  sriov: SriovSpec | null,
  index: number,
  vf: VfPlace | null,
): { config: Uint8Array; pci: PciFunction } {
  const isVf = vf !== null;
  const { recorded } = spec;
  const isNew = vf !== null && recorded === undefined;
  const resources = isNew ? resourcesOfVf(spec, vf) : resourcesOf(spec, index);
  const { vendor, device } = ids;
  const pci = { vendor, device, class: ids.class, isVf: recorded?.isVf ?? isVf, resources };
  if (recorded !== undefined && recorded.config !== null) return { config: recorded.config, pci };
  const isExpress = spec.express || sriov !== null || spec.dvsec !== undefined;
  const config = new Uint8Array(isExpress ? EXPRESS_BYTES : BASIC_BYTES);
  // The ids of a VF are those of its PF's capability: its own read as ones.
  poke(config, 0x00, 2, isVf ? 0xffff : ids.vendor);
  poke(config, 0x02, 2, isVf ? 0xffff : ids.device);
  poke(config, 0x04, 2, isVf ? 0 : COMMAND_MEMORY);
  poke(config, 0x06, 2, STATUS_CAP_LIST);
  poke(config, 0x08, 4, ids.class * 0x100);
  config[0x0e] = ids.class >> 8 === BRIDGE ? 1 : 0;
  for (let i = 0; i < 6 && !isVf; i++) poke(config, 0x10 + 4 * i, 4, resources[i].start);
  poke(config, 0x2c, 2, ids.subvendor ?? 0);
  poke(config, 0x2e, 2, ids.subdevice ?? 0);
  config[0x3c] = INTERRUPT_LINE;
  config[0x3d] = spec.pin && !isVf ? 1 : 0;
  addCapabilities(config, spec, resources, isExpress);
  if (sriov !== null) addSriov(config, sriov);
  if (spec.dvsec !== undefined) addDvsec(config, spec.dvsec, sriov !== null);
  for (const [offset, value] of spec.registers ?? []) poke(config, offset, 4, value);
  return { config, pci };
}

function addCapabilities(
  config: Uint8Array,
  { msi, msix }: HardwareSpec,
  resources: readonly Resource[],
  express: boolean,
): void {
  let link = 0x34;
  const add = (id: number, at: number) => {
    config[link] = at;
    config[at] = id;
    link = at + 1;
  };
  add(CAP.PM, AT.PM);
  poke(config, AT.PM + 2, 2, 0x0003);
  if (msi > 0) {
    add(CAP.MSI, AT.MSI);
    poke(config, AT.MSI + 2, 2, 0x80 | (Math.ceil(Math.log2(msi)) << 1));
  }
  if (msix > 0) {
    add(CAP.MSIX, AT.MSIX);
    poke(config, AT.MSIX + 2, 2, msix - 1);
    placeVectors(config, resources.slice(0, BARS));
  }
  if (!express) return;
  add(CAP.EXP, AT.EXP);
  poke(config, AT.EXP + 2, 2, 0x0002);
  poke(config, AT.EXP + 4, 4, 0x1000_0000);
}

/** The table of MSI-X is the second half of the last BAR, and the pending bits end it. */
function placeVectors(config: Uint8Array, bars: readonly Resource[]): void {
  const bar = bars.findLastIndex(isMemory);
  if (bar < 0) return;
  const bytes = lengthOf(bars[bar]);
  poke(config, AT.MSIX + 4, 4, (bytes / 2) | bar);
  poke(config, AT.MSIX + 8, 4, (bytes - 8) | bar);
}

function addSriov(config: Uint8Array, sriov: SriovSpec): void {
  poke(config, FIRST_EXT_CAP, 4, EXT_CAP.SRIOV | (1 << 16));
  poke(config, FIRST_EXT_CAP + 0x0e, 2, sriov.totalVfs);
  poke(config, FIRST_EXT_CAP + 0x14, 2, sriov.offset);
  poke(config, FIRST_EXT_CAP + 0x16, 2, sriov.stride);
  poke(config, FIRST_EXT_CAP + 0x1a, 2, sriov.vfDevice);
}

type Dvsec = NonNullable<HardwareSpec['dvsec']>;

/** It is linked from the capability before it, or is the first one. */
function addDvsec(config: Uint8Array, { vendor, id, word }: Dvsec, isSecond: boolean): void {
  const at = isSecond ? DVSEC_AT : FIRST_EXT_CAP;
  if (isSecond) config[FIRST_EXT_CAP + 3] = DVSEC_AT >> 4;
  poke(config, at, 4, EXT.DVSEC | (1 << 16));
  poke(config, at + 4, 4, vendor | (0x00c << 20));
  poke(config, at + 8, 2, id);
  poke(config, at + 0xa, 2, word);
}

type Register = readonly [offset: number, width: Width, bits: number];

/** Writable registers: offset, bytes, bits. Others are read-only. */
const OF_HEADER: readonly Register[] = [
  [0x04, 2, 0x0547],
  [0x0c, 2, 0xffff],
  [0x3c, 1, 0xff],
];
/** The same of capabilities, by their ids, from where they begin. */
const OF_CAPABILITY: Readonly<Record<number, readonly Register[]>> = {
  [CAP.PM]: [[4, 2, 0x0103]],
  [CAP.MSI]: [
    [2, 2, 0x0071],
    [4, 4, 0xffff_fffc],
    [8, 4, 0xffff_ffff],
    [12, 2, 0xffff],
  ],
  [CAP.MSIX]: [[2, 2, 0xc000]],
  // The bit that starts a function level reset reads as 0.
  [CAP.EXP]: [
    [8, 2, 0x7fff],
    [0x10, 2, 0x0ff3],
  ],
};

/** More capabilities than there is room for are a list without an end. */
const CAPABILITIES_MAX = 48;

/** Where each capability begins, with its id. */
function* capabilitiesOf(config: Uint8Array): Generator<readonly [at: number, id: number]> {
  if ((config[0x06] & STATUS_CAP_LIST) === 0) return;
  let at = config[0x34] & 0xfc;
  for (let i = 0; i < CAPABILITIES_MAX && at >= 0x40; i++) {
    yield [at, config[at]];
    at = config[at + 1] & 0xfc;
  }
}

/** Whether a function has a capability. @param wanted its id */
export function hasCapability(config: Uint8Array, wanted: number): boolean {
  for (const [, id] of capabilitiesOf(config)) if (id === wanted) return true;
  return false;
}

/** Where the control register of power management lies in its capability. */
const PM_CTRL = 4;
const PM_CTRL_STATE = 0x0003;

/**
 * Configuration space of a function that is in another power state, which the register of power
 * management has.
 */
export function withPower(config: Uint8Array, state: number): Uint8Array {
  for (const [start, id] of capabilitiesOf(config)) {
    if (id !== CAP.PM) continue;
    const control = peek(config, start + PM_CTRL, 2);
    const after = config.slice();
    poke(after, start + PM_CTRL, 2, merge(PM_CTRL_STATE, state, control));
    return after;
  }
  return config;
}

/** Writable bits of each byte. */
function writableBits(config: Uint8Array, { resources, isVf }: PciFunction): Uint8Array {
  const bits = new Uint8Array(config.length);
  for (const [at, width, mask] of OF_HEADER) poke(bits, at, width, mask);
  for (const [start, id] of capabilitiesOf(config)) {
    for (const [at, width, mask] of OF_CAPABILITY[id] ?? []) poke(bits, start + at, width, mask);
  }
  for (let i = 0; i < 6 && !isVf; i++) {
    const { start, end } = resources[i];
    if (start > 0) poke(bits, 0x10 + 4 * i, 4, ~(end - start) >>> 0);
  }
  return bits;
}

/** Writes a register. @returns the configuration space after it */
export function writeRegister(
  config: Uint8Array,
  fn: PciFunction,
  offset: number,
  width: Width,
  value: number,
): Uint8Array {
  const bits = peek(writableBits(config, fn), offset, width);
  const after = config.slice();
  poke(after, offset, width, merge(bits, value, peek(config, offset, width)));
  return after;
}
