/**
 * Compares what strace shows that a user of VFIO received with the facts about the function. Most
 * of the configuration space that users see is emulated; a few registers are the hardware's own and
 * never change: ids, revision and class, and the ids of the subsystem (kernel
 * drivers/vfio/pci/vfio_pci_config.c 6.1, `init_pci_cap_basic_perm`).
 */

import { hex } from '../../model/hex.js';
import { type FixedRegisters, rowOf } from '../../model/vfio-pci-core/fixed-registers.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { COMPUTED, diverge, type Verdict } from '../engine/verdict.js';
import { registersAt } from './config-registers.js';

const IDS = 0x00;
const CLASS = 0x08;
const SUBSYSTEM = 0x2c;
const SHOWN = [IDS, CLASS, SUBSYSTEM];
const ALL = -1;
const NO_ANSWER = 0xff;

/** The recorded bytes that a read returned to its user; null when it failed. */
export function givenBytes(e: EventCursor): Uint8Array | null {
  if (!e.hasRet || e.ret <= 0) return null;
  const { data } = e;
  if (data !== null) return data.subarray(0, e.ret);
  if (!e.hasValue) return null;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, e.valueBig, true);
  return bytes.subarray(0, Math.min(e.ret, 8));
}

/**
 * A read of configuration space by a user, as strace saw it. Facts that only the snapshot has cause
 * no divergence before a read has confirmed them.
 * @returns null if it is not known, or not predicted
 */
export function straceRead(engine: Engine, e: EventCursor): Verdict | null {
  const { device } = e;
  if (device === null || e.path !== 'vfio' || e.phase !== 'point') return null;
  const registers = registersAt(engine, e);
  const given = givenBytes(e);
  if (registers === null || given === null || !hasOwnIds(engine, device, registers)) return null;
  let judged = 0;
  for (let i = 0; i < given.length; i++) {
    const expected = shownByte(registers, e.offset + i);
    if (expected === null) continue;
    judged++;
    if (given[i] === expected) continue;
    // A function that is removed or asleep returns all ones.
    if (!registers.confirmed || given[i] === NO_ANSWER) return null;
    const at = `at ${hex(e.offset + i)}`;
    return diverge(`${device}/config`, `${hex(expected)} ${at}`, `${hex(given[i])} ${at}`);
  }
  if (judged >= 4 && !registers.confirmed) confirm(engine, device, registers);
  return judged === given.length ? COMPUTED : null;
}

/** A register was read as it was known: the snapshot is of this function. */
function confirm(engine: Engine, device: string, registers: FixedRegisters): void {
  engine.vfio.registers.set(device, Object.freeze({ ...registers, confirmed: true }));
}

/** A byte that the user sees as the hardware has it; null when it is another's, or not known. */
function shownByte(registers: FixedRegisters, offset: number): number | null {
  if (!SHOWN.includes(offset & ~3)) return null;
  const row = rowOf(registers, offset);
  const shift = 8 * (offset & 3);
  if (row < 0 || ((registers.known[row] >>> shift) & 0xff) !== 0xff) return null;
  return (registers.value[row] >>> shift) & 0xff;
}

/** A VF has none of its own: the kernel emulates them, and its driver may show others. */
function hasOwnIds(engine: Engine, address: string, registers: FixedRegisters): boolean {
  const row = rowOf(registers, IDS);
  if (registers.known[row] !== ALL || registers.value[row] === ALL) return false;
  return engine.machine.find(address)?.physfn == null;
}
