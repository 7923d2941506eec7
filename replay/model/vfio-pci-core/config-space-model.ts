/** The configuration space that a user of VFIO sees, as it is built when the device is opened. */

import {
  BASIC_BYTES,
  CAP,
  CAP_BYTES_MIN,
  type ConfigRules,
  capLength,
  extendedLength,
  GAP,
  HEADER_BYTES,
  type Peek,
  VIRTUAL,
} from './capabilities.js';
import { peek as peekAt, poke, type Width } from './little-endian.js';
import type { PciFunction } from './pci-function.js';
import {
  extendedPermissions,
  GAP_PERMISSIONS,
  msiPermissions,
  type Permissions,
  standardPermissions,
  VIRTUAL_PERMISSIONS,
} from './permissions.js';

/** State of an open device's configuration space. Plain data: it can be copied and compared. */
export interface ConfigSpace {
  /** 256 or 4096 bytes. */
  readonly size: number;
  /** Id of the capability that owns each byte. */
  readonly map: Uint8Array;
  readonly vconfig: Uint8Array;
  /** BAR 0 to 5 and ROM registers of the hardware at open. */
  readonly rbar: readonly number[];
  /** A BAR was written since the virtual ones were last put in shape. */
  barDirty: boolean;
  virqDisabled: boolean;
  /** Log2 of the MSI vectors that the user enabled. */
  msiQueueMax: number;
  /** MSI flags at open; null without the capability. */
  readonly msiFlags: number | null;
  readonly msix: MsixTable | null;
  /** The device has no COMMAND.MEM bit: a VF. */
  readonly noCommandMemory: boolean;
  /** Offsets of the visible standard capabilities by id. */
  readonly capabilities: Readonly<Record<number, number>>;
  /** What bytes hold that are virtual but belong to no capability is not known. */
  virtualUnknown?: true;
}

/** Where the MSI-X table lies. */
export interface MsixTable {
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
  readonly vectors: number;
}

const COMMAND = 4;
const COMMAND_MEMORY = 2;
const STATUS = 6;
const STATUS_CAP_LIST = 0x10;
const CAP_POINTER = 0x34;
const INTERRUPT_PIN = 0x3d;
/** BAR 0 to 5, and the ROM. */
const BAR_OFFSETS = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30];
/** The most capabilities that fit: each has at least one dword. */
const LIST_MAX = (BASIC_BYTES - HEADER_BYTES) / CAP_BYTES_MIN;

/**
 * Builds the space as `vfio_config_init` does.
 * @param hardware the function's configuration space after the reset at open: 256 or 4096 bytes
 */
export const openSpace = (hardware: Uint8Array, fn: PciFunction, rules: ConfigRules): ConfigSpace =>
  build(hardware, new Uint8Array(hardware.byteLength).fill(1), fn, rules).space;

/**
 * Builds the space from a recorded copy of the hardware's.
 * @param known 1 for each byte that was recorded
 * @returns null when a byte that it needs was not recorded
 */
export function recordedSpace(
  hardware: Uint8Array,
  known: Uint8Array,
  fn: PciFunction,
  rules: ConfigRules,
): ConfigSpace | null {
  const { space, complete } = build(hardware, known, fn, rules);
  return complete ? space : null;
}

function build(
  hardware: Uint8Array,
  known: Uint8Array,
  fn: PciFunction,
  rules: ConfigRules,
): { space: ConfigSpace; complete: boolean } {
  const size = hardware.byteLength;
  const map = new Uint8Array(size).fill(GAP);
  const vconfig = new Uint8Array(size);
  const builder: Builder = { map, vconfig, hardware, known, complete: true, peek: () => 0 };
  builder.peek = (offset, width) => {
    check(builder, offset, width);
    return peekAt(hardware, offset, width);
  };
  const { peek } = builder;
  copyCapability(builder, CAP.BASIC, 0, HEADER_BYTES);
  const rbar = BAR_OFFSETS.map((at) => peek(at, 4));
  virtualizeHeader(vconfig, fn);
  const capabilities = standardCapabilities(builder, rules);
  if (hasExtended(capabilities, size, peek)) extendedCapabilities(builder, rules);
  const space: ConfigSpace = {
    size,
    map,
    vconfig,
    rbar,
    barDirty: true,
    virqDisabled: false,
    msiQueueMax: 0,
    msiFlags: CAP.MSI in capabilities ? peek(capabilities[CAP.MSI] + 2, 2) : null,
    msix: CAP.MSIX in capabilities ? msixTable(peek, capabilities[CAP.MSIX]) : null,
    noCommandMemory: fn.isVf,
    capabilities,
  };
  return { space, complete: builder.complete };
}

/** A VF has ids, memory enable and no interrupt pin, whatever its registers contain. */
function virtualizeHeader(vconfig: Uint8Array, fn: PciFunction): void {
  if (!fn.isVf) return;
  poke(vconfig, 0, 2, fn.vendor);
  poke(vconfig, 2, 2, fn.device);
  vconfig[COMMAND] |= COMMAND_MEMORY;
  vconfig[INTERRUPT_PIN] = 0;
}

interface Builder {
  readonly map: Uint8Array;
  readonly vconfig: Uint8Array;
  readonly hardware: Uint8Array;
  readonly known: Uint8Array;
  /** False when an unknown byte was used. */
  complete: boolean;
  peek: Peek;
}

function check(builder: Builder, at: number, length: number): void {
  if (builder.known.subarray(at, at + length).includes(0)) builder.complete = false;
}

/** Assigns the bytes of a capability to it, and copies them. */
function copyCapability(builder: Builder, id: number, at: number, length: number): void {
  const { map, vconfig, hardware } = builder;
  check(builder, at, length);
  map.fill(id, at, at + length);
  vconfig.set(hardware.subarray(at, at + length), at);
}

/** @returns offsets of the visible capabilities by id; the first of an id */
function standardCapabilities(builder: Builder, rules: ConfigRules): Record<number, number> {
  const { vconfig, peek } = builder;
  const found: Record<number, number> = {};
  if ((peek(STATUS, 2) & STATUS_CAP_LIST) === 0) return found;
  let previous = CAP_POINTER;
  let at = peek(CAP_POINTER, 1);
  for (let i = 0; at !== 0 && i < LIST_MAX; i++) {
    const id = peek(at, 1);
    const next = peek(at + 1, 1);
    const length = capLength(id, peek, at, rules);
    if (length === 0) vconfig[previous] = next;
    else {
      copyCapability(builder, id, at, length);
      previous = at + 1;
      found[id] ??= at;
      // A device's power management events are the host's.
      if (id === CAP.PM) clearPme(vconfig, at);
    }
    at = next;
  }
  if (Object.keys(found).length === 0) vconfig[STATUS] &= ~STATUS_CAP_LIST;
  return found;
}

function clearPme(vconfig: Uint8Array, at: number): void {
  vconfig[at + 3] &= 0x07;
  vconfig[at + 5] &= 0x7e;
}

/** Extended capabilities are only searched if a PCIe or PCI-X 2 capability is visible. */
function hasExtended(found: Record<number, number>, size: number, peek: Peek): boolean {
  if (size <= BASIC_BYTES || peek(BASIC_BYTES, 4) === 0) return false;
  const pcix = found[CAP.PCIX];
  return CAP.EXP in found || (pcix !== undefined && ((peek(pcix + 2, 2) >> 12) & 3) !== 0);
}

function extendedCapabilities(builder: Builder, rules: ConfigRules): void {
  const { vconfig, peek, hardware } = builder;
  let previous: number | null = null;
  let visible = 0;
  let at = BASIC_BYTES;
  const loops = (hardware.byteLength - BASIC_BYTES) / CAP_BYTES_MIN;
  for (let i = 0; i < loops && at >= BASIC_BYTES; i++) {
    const header = peek(at, 4);
    const id = header & 0xffff;
    const next = (header >>> 20) & 0xffc;
    const length = extendedLength(id, peek, at, rules);
    if (length === 0 && previous !== null) {
      const shown = peekAt(vconfig, previous, 4);
      poke(vconfig, previous, 4, ((shown & 0x000fffff) | (next << 20)) >>> 0);
    } else {
      copyCapability(builder, id & 0xff, at, length === 0 ? CAP_BYTES_MIN : length);
      if (length === 0) poke(vconfig, at, 4, (next << 20) >>> 0);
      else visible++;
      previous = at;
    }
    at = next;
  }
  if (visible === 0) poke(vconfig, BASIC_BYTES, 4, 0);
}

function msixTable(peek: Peek, at: number): MsixTable {
  const table = peek(at + 4, 4);
  const vectors = (peek(at + 2, 2) & 0x7ff) + 1;
  return { bar: table & 7, offset: (table & ~7) >>> 0, length: vectors * 16, vectors };
}

/**
 * Makes a dword of no capability a copy of the user's own.
 * @param value null when not known
 */
export function virtualize(space: ConfigSpace, offset: number, value: number | null): void {
  space.map.fill(VIRTUAL, offset, offset + 4);
  if (value === null) space.virtualUnknown = true;
  else poke(space.vconfig, offset, 4, value);
}

/** The permissions of the byte at an offset, and the offset of the capability it belongs to. */
export function ownerOf(space: ConfigSpace, at: number): { start: number; perms: Permissions } {
  const id = space.map[at];
  if (id === GAP) return { start: at, perms: GAP_PERMISSIONS };
  if (id === VIRTUAL) return { start: at, perms: VIRTUAL_PERMISSIONS };
  const start = capabilityStart(space, at);
  if (at >= BASIC_BYTES) return { start, perms: extendedPermissions(id) };
  if (id === CAP.MSI && space.msiFlags !== null) {
    return { start, perms: msiPermissions(space.msiFlags) };
  }
  return { start, perms: standardPermissions(id) };
}

/** Capabilities of one id that lie side by side count as one (`vfio_find_cap_start`). */
function capabilityStart({ map }: ConfigSpace, at: number): number {
  const id = map[at];
  if (id === CAP.BASIC && at < HEADER_BYTES) return 0;
  const base = at >= BASIC_BYTES ? BASIC_BYTES : HEADER_BYTES;
  let start = at;
  while (start - 1 >= base && map[start - 1] === id) start--;
  return start;
}

/**
 * Bytes of one physical access at `at`, when `count` are left (vfio_config_do_rw, kernel
 * drivers/vfio/pci/vfio_pci_config.c 6.1).
 */
export function chunkWidth({ map }: ConfigSpace, at: number, count: number): Width {
  let same = 1;
  while ((at + same) % 4 !== 0 && map[at + same] === map[at]) same++;
  const most = Math.min(count, same);
  if (most >= 4 && at % 4 === 0) return 4;
  return most >= 2 && at % 2 === 0 ? 2 : 1;
}

/** First bytes of an endpoint's PCIe capability that not all kernels assign to it. */
const PCIE_TAIL = 0x32;
const TAIL_BYTES = 2;

/** Where the word before the tail lies; null without a tail. */
export function pcieTail({ map, capabilities }: ConfigSpace): number | null {
  const start = capabilities[CAP.EXP];
  if (start === undefined || map[start + PCIE_TAIL - 1] !== CAP.EXP) return null;
  return start + PCIE_TAIL - TAIL_BYTES;
}

/** Adds the tail to the capability, or removes it. */
export function setPcieTail(space: ConfigSpace, owned: boolean): void {
  const at = pcieTail(space);
  if (at !== null) space.map.fill(owned ? CAP.EXP : GAP, at + TAIL_BYTES, at + 2 * TAIL_BYTES);
}

/** A copy to try a step on: a step that waits for an answer of hardware is tried again. */
export const draftOf = (space: ConfigSpace): ConfigSpace => ({
  ...space,
  vconfig: space.vconfig.slice(),
});

/** Commits the draft of a step to the space. */
export function commitDraft(space: ConfigSpace, draft: ConfigSpace): void {
  Object.assign(space, draft);
}
