/**
 * Compares all reads of configuration space with the registers that do not change. A read of only
 * such bits is predicted; for other bits, the hardware's answer is a stimulus.
 */

import { hex } from '../../model/hex.js';
import {
  type FixedRegisters,
  isDefined,
  NO_REGISTERS,
  registersOf,
  rowOf,
  withDword,
  withoutDword,
} from '../../model/vfio-pci-core/fixed-registers.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { COMPUTED, diverge, UNKNOWN, type Verdict } from '../engine/verdict.js';

/** The kernel's own writes, except those of one byte, which a recording may lack. */
const WRITES = ['pci_bus_write_config_word', 'pci_bus_write_config_dword'];
const HEADER_BYTES = 0x40;
const BUS_NUMBERS = 0x18;
const HEADER_TYPE = 0x0c;
/** A function that is not ready answers so (Configuration Request Retry Status). */
const NOT_READY = 1;

/** Bits of a dword that an access of the given length at an offset covers. */
const bitsOf = (offset: number, length: number): number =>
  length >= 4 ? -1 : ((1 << (8 * length)) - 1) << (8 * (offset & 3));

/** The registers of an event's device; null when the device is not determined. */
export function registersAt(engine: Engine, e: EventCursor): FixedRegisters | null {
  const { vfio } = engine;
  const address = e.device;
  // The kernel's own accesses are recorded by bus and slot: with several domains there may be
  // several such functions.
  if (address === null || (e.path === 'kernel' && vfio.oneDomain !== true)) return null;
  const found = vfio.registers.get(address);
  if (found !== undefined) return found;
  const hardware = vfio.functions.get(address)?.hardware ?? null;
  const made = hardware === null ? NO_REGISTERS : registersOf(hardware.bytes, hardware.known);
  vfio.registers.set(address, made);
  return made;
}

/** @returns null if it is not predicted */
export function fixedRead(engine: Engine, e: EventCursor): Verdict | null {
  const registers = registersAt(engine, e);
  if (registers === null) return null;
  const { offset } = e;
  const dword = offset & ~3;
  const row = rowOf(registers, offset);
  if (row < 0) return null;
  const { length } = e;
  if (!e.hasValue || (e.hasRet && e.ret !== 0) || length > 4) return null;
  const covered = bitsOf(offset, length);
  const fixed = registers.mask[row] & covered;
  if (fixed === 0) return null;
  const known = registers.known[row] & fixed;
  const value = (e.value << (8 * (offset & 3))) & covered;
  if (((value ^ registers.value[row]) & known) !== 0) {
    return contradicted(engine, e, registers, dword, covered, value);
  }
  if (known !== fixed) {
    // Ones may be the answer for a function that is not there.
    if (isAnswer(value, covered, dword) || isVfId(engine, e, value, dword)) {
      learn(engine, e, withDword(registers, dword, fixed, value));
    }
    return null;
  }
  if (fixed !== covered) return null;
  if (!registers.confirmed) learn(engine, e, Object.freeze({ ...registers, confirmed: true }));
  return COMPUTED;
}

function learn(engine: Engine, e: EventCursor, registers: FixedRegisters): void {
  if (e.device !== null) engine.vfio.registers.set(e.device, registers);
}

/** Excludes values that are read where no function answers, or does not answer yet. */
const isAnswer = (value: number, covered: number, dword: number): boolean =>
  value !== covered && (dword !== 0 || (value !== 0 && (value & 0xffff) !== NOT_READY));

const isVfId = (engine: Engine, e: EventCursor, value: number, dword: number): boolean =>
  dword === 0 && value === -1 && engine.machine.find(e.device ?? '')?.physfn != null;

function contradicted(
  engine: Engine,
  e: EventCursor,
  registers: FixedRegisters,
  dword: number,
  covered: number,
  value: number,
): Verdict {
  if (!isAnswer(value, covered, dword) || !registers.confirmed) {
    // It was removed, or the snapshot had another function there: the next answer counts as new.
    learn(engine, e, NO_REGISTERS);
    return UNKNOWN;
  }
  if (!WRITES.every((name) => engine.records(name))) {
    // A write that may change others was not recorded.
    learn(engine, e, NO_REGISTERS);
    return UNKNOWN;
  }
  const row = rowOf(registers, dword);
  const known = registers.known[row] & covered;
  const shift = 8 * (e.offset & 3);
  const text = (bits: number) => `${hex((bits & known) >>> shift)} at ${hex(e.offset)}`;
  learn(engine, e, withoutDword(registers, dword));
  return diverge(`${e.device}/config`, text(registers.value[row]), text(value));
}

/** A write of registers that may change others, or which function answers where. */
export function learnWrite(engine: Engine, e: EventCursor): void {
  const { registers } = engine.vfio;
  const own = registersAt(engine, e);
  if (own === null) return;
  const { offset, length } = e;
  const dword = offset & ~3;
  if (offset >= HEADER_BYTES && !isDefined(own, offset)) {
    if (own !== NO_REGISTERS) learn(engine, e, NO_REGISTERS);
    return;
  }
  const row = rowOf(own, offset);
  if (row >= 0 && (own.mask[row] & bitsOf(offset, length)) !== 0) {
    learn(engine, e, withoutDword(own, dword));
  }
  if (dword === BUS_NUMBERS && !isEndpoint(own)) {
    for (const address of registers.keys()) registers.set(address, NO_REGISTERS);
  }
}

function isEndpoint(registers: FixedRegisters): boolean {
  const { known, value } = registers;
  const row = rowOf(registers, HEADER_TYPE);
  return known[row] !== 0 && (value[row] & 0x007f_0000) === 0;
}

/** A function is reset or removed, or another one is created at its address. */
export function forgetRegisters(engine: Engine, address: string | null): void {
  if (address !== null) engine.vfio.registers.set(address, NO_REGISTERS);
}
