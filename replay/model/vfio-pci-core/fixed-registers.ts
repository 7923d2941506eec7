/**
 * Registers of configuration space that only change with a reset or another function at the
 * address: ids, header type, the lists of capabilities, and read-only fields in some of them
 * (kernel include/uapi/linux/pci_regs.h 6.1). Registers that hardware or a driver may change are
 * not included.
 */
import { CAP, EXT } from './capabilities.js';

/** One column per part, a row per dword. Frozen: learning something creates a new object. */
export interface FixedRegisters {
  /** The row of each dword of configuration space plus 1; 0 for dwords without a row. */
  readonly rows: Uint16Array;
  /** Offsets of dwords. */
  readonly at: readonly number[];
  /** Bits that do not change. */
  readonly mask: readonly number[];
  /** Those of them that were seen. */
  readonly known: readonly number[];
  readonly value: readonly number[];
  /** End of the capability that begins at the dword, when no write into it changes others; or 0. */
  readonly end: readonly number[];
  /** A read has returned a known value: it is not another function at the same address. */
  readonly confirmed: boolean;
}

const ALL = -1;
const CONFIG_DWORDS = 1024;
const CAP_LIST = 0x0010_0000;
const HEADER_TYPE = 0x00ff_0000;
const ID_AND_NEXT = 0xffff;
const BRIDGE = 1;
const CARDBUS = 2;
const FIRST_CAP = 0x40;
const FIRST_EXT_CAP = 0x100;
/** No list has more entries than there is room for. */
const CAPS_MAX = 48;
const EXT_CAPS_MAX = 240;

/** Bytes of capabilities whose registers are defined, so that a write into them does only that. */
const LENGTH: Readonly<Record<number, number>> = {
  ...{ [CAP.PM]: 8, [CAP.VPD]: 8, [CAP.MSI]: 24, [CAP.PCIX]: 24, [CAP.SSVID]: 8 },
  ...{ [CAP.EXP]: 60, [CAP.MSIX]: 12, [CAP.AF]: 8 },
};
const EXT_LENGTH: Readonly<Record<number, number>> = {
  ...{ [EXT.AER]: 72, [EXT.DSN]: 12, [EXT.POWER]: 16, [EXT.ACS]: 16, [EXT.ARI]: 8 },
  ...{ [EXT.ATS]: 8, [EXT.SRIOV]: 64, [EXT.PRI]: 16, [EXT.PASID]: 8, [EXT.LTR]: 8 },
  ...{ [EXT.L1SS]: 16, [EXT.PTM]: 12, [EXT.DPC]: 64, [EXT.REBAR]: 52, [EXT.DLF]: 12 },
};

type Field = readonly [offset: number, mask: number];
/** Read-only fields. A PF may change those of its VFs at any time, so they are not used for VFs. */
const FIELDS: Readonly<Record<number, readonly Field[]>> = {
  [CAP.SSVID]: [[4, ALL]],
  // Version, type of device; the function can reset itself.
  [CAP.EXP]: [
    [0, 0x00ff_0000],
    [4, 0x1000_0007],
  ],
  [CAP.MSIX]: [
    [4, ALL],
    [8, ALL],
  ],
};
/** TotalVFs, the device id of VFs, the page sizes. */
const EXT_FIELDS: Readonly<Record<number, readonly Field[]>> = {
  [EXT.DSN]: [
    [4, ALL],
    [8, ALL],
  ],
  [EXT.SRIOV]: [
    [0x0c, 0xffff_0000 | 0],
    [0x18, 0xffff_0000 | 0],
    [0x1c, ALL],
  ],
};

/** Bits of a dword; null when one of them is not known. */
type Peek = (at: number, bits: number) => number | null;

class Layout {
  readonly at: number[] = [];
  readonly mask: number[] = [];
  readonly end: number[] = [];

  add(at: number, mask: number, end = 0): void {
    const row = this.at.indexOf(at);
    if (row >= 0) this.mask[row] |= mask;
    else {
      this.at.push(at);
      this.mask.push(mask);
      this.end.push(end);
    }
  }
}

/** The registers whose offsets are known, given the known ones before them. */
function layoutOf(peek: Peek): Layout {
  const found = new Layout();
  found.add(0x00, ALL);
  found.add(0x04, CAP_LIST);
  found.add(0x08, ALL);
  found.add(0x0c, HEADER_TYPE);
  const header = peek(0x0c, HEADER_TYPE);
  const type = header === null ? null : (header >>> 16) & 0x7f;
  if (type === null || type > CARDBUS) return found;
  const pointer = type === CARDBUS ? 0x14 : 0x34;
  found.add(pointer, 0xff);
  if (type < BRIDGE) found.add(0x2c, ALL);
  if (peek(0x04, CAP_LIST) === CAP_LIST) addList(found, peek, pointer);
  return found;
}

/** Whether the function has ids of its own: a VF's read as ones. */
const isOwn = (peek: Peek): boolean => (peek(0, ALL) ?? ALL) !== ALL;

function addList(found: Layout, peek: Peek, pointer: number): void {
  let at = peek(pointer, 0xff);
  let express = false;
  for (let i = 0; i < CAPS_MAX && at !== null && (at & 0xfc) >= FIRST_CAP; i++) {
    const start: number = at & 0xfc;
    const header = peek(start, ID_AND_NEXT);
    const id = header === null ? -1 : header & 0xff;
    if (id === 0xff) return;
    found.add(start, ID_AND_NEXT, id in LENGTH ? start + LENGTH[id] : 0);
    if (header === null) return;
    express ||= id === CAP.EXP;
    if (isOwn(peek)) for (const [offset, mask] of FIELDS[id] ?? []) found.add(start + offset, mask);
    at = header >>> 8;
  }
  if (express) addExtended(found, peek);
}

function addExtended(found: Layout, peek: Peek): void {
  let at = FIRST_EXT_CAP;
  for (let i = 0; i < EXT_CAPS_MAX && at >= FIRST_EXT_CAP; i++) {
    const header = peek(at, ALL);
    const id = header === null ? -1 : header & 0xffff;
    found.add(at, ALL, id in EXT_LENGTH ? at + EXT_LENGTH[id] : 0);
    if (header === null || header === 0) return;
    if (isOwn(peek)) {
      for (const [offset, mask] of EXT_FIELDS[id] ?? []) found.add(at + offset, mask);
    }
    at = (header >>> 20) & 0xffc;
  }
}

/** Lays out the registers again, with what is known of each dword. */
function made(
  known: (at: number) => number,
  value: (at: number) => number,
  confirmed: boolean,
): FixedRegisters {
  const { at, mask, end } = layoutOf((where, bits) =>
    (known(where) & bits) === bits ? value(where) & bits : null,
  );
  const seen = at.map((where, row) => known(where) & mask[row]);
  const rows = new Uint16Array(CONFIG_DWORDS);
  for (let row = 0; row < at.length; row++) rows[at[row] >> 2] = row + 1;
  return Object.freeze({
    rows,
    at,
    mask,
    end,
    known: seen,
    value: at.map((where, row) => value(where) & seen[row]),
    confirmed,
  });
}

/** Nothing is known. */
export const NO_REGISTERS: FixedRegisters = made(
  () => 0,
  () => 0,
  true,
);

/**
 * The registers in a snapshot; no read has confirmed them yet.
 * @param bytes the recorded part of the configuration space
 * @param isKnown 1 for each byte that was recorded
 */
export function registersOf(bytes: Uint8Array, isKnown: Uint8Array): FixedRegisters {
  const word = (from: Uint8Array, at: number, scale: number) => {
    let dword = 0;
    for (let i = 0; i < 4 && at + i < from.byteLength; i++) {
      dword |= (from[at + i] * scale) << (8 * i);
    }
    return dword;
  };
  // A function that does not answer, such as one in D3cold.
  if (word(bytes, 8, 1) === ALL) return NO_REGISTERS;
  return made(
    (at) => word(isKnown, at, 0xff),
    (at) => word(bytes, at, 1),
    false,
  );
}

/** The row of the dword at an offset, of 0 or more; -1 when nothing of it is fixed. */
export const rowOf = ({ rows }: FixedRegisters, offset: number): number =>
  offset < 4 * CONFIG_DWORDS ? rows[offset >> 2] - 1 : -1;

/** Records a read of a dword: from now on `bits` of it are known to be `value`. */
export function withDword(
  registers: FixedRegisters,
  dword: number,
  bits: number,
  value: number,
): FixedRegisters {
  const row = (at: number) => rowOf(registers, at);
  const known = (at: number) => (row(at) < 0 ? 0 : registers.known[row(at)]);
  const before = (at: number) => (row(at) < 0 ? 0 : registers.value[row(at)]);
  return made(
    (at) => (at === dword ? known(at) | bits : known(at)),
    (at) => (at === dword ? (before(at) & ~bits) | (value & bits) : before(at)),
    registers.confirmed,
  );
}

/** Forgets a dword, and the part of a list after it. */
export function withoutDword(registers: FixedRegisters, dword: number): FixedRegisters {
  const row = (at: number) => (at === dword ? -1 : rowOf(registers, at));
  return made(
    (at) => (row(at) < 0 ? 0 : registers.known[row(at)]),
    (at) => (row(at) < 0 ? 0 : registers.value[row(at)]),
    registers.confirmed,
  );
}

/** Whether a write at an offset after the header can only change the written bytes. */
export function isDefined({ at, end }: FixedRegisters, offset: number): boolean {
  for (let row = 0; row < at.length; row++) {
    if (at[row] <= offset && offset < end[row]) return true;
  }
  return false;
}
