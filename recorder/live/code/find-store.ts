import {
  decodeInstruction,
  type Instruction,
  REGISTERS,
  writesRegister,
} from './x86-instruction.js';

/**
 * The place where a function stores through a pointer argument, and the register with the value.
 */
export interface Store {
  /** Offset of the store from the start of the function. */
  readonly offset: number;
  /** Register as kprobe events name it, such as `dx`. */
  readonly register: string;
}

/** Numbers of the registers that carry arguments 1 to 6 (System V ABI for x86-64). */
const ARGUMENTS = [7, 6, 2, 1, 8, 9];
/** Registers that calls preserve: rbx, rbp, r12 to r15. */
const PRESERVED = new Set([3, 5, 12, 13, 14, 15]);
const STORE_BYTE = 0x88;
const STORE = 0x89;
const LOAD = 0x8b;

interface Placed {
  readonly at: number;
  readonly instruction: Instruction;
}

/** All instructions up to the end, where the filling between functions may not decode. */
function instructions(code: Uint8Array): Placed[] {
  const found: Placed[] = [];
  for (let at = 0; at < code.length; ) {
    const instruction = decodeInstruction(code, at);
    if (!instruction) break;
    found.push({ at, instruction });
    at += instruction.length;
  }
  return found;
}

/** The register to which a 64-bit move copies `source`, if it is such a move. */
function copyOf({ instruction }: Placed, source: number): number | undefined {
  const { opcode, size, reg, rmRegister } = instruction;
  if (size !== 8 || rmRegister === undefined) return undefined;
  if (opcode === STORE && reg === source) return rmRegister;
  return opcode === LOAD && rmRegister === source ? reg : undefined;
}

function isStore(instruction: Instruction, pointer: number, bytes: number): boolean {
  if (instruction.memoryAt !== pointer) return false;
  // Without a prefix the byte registers 4 to 7 are the upper halves of others.
  if (bytes === 1) {
    return instruction.opcode === STORE_BYTE && (instruction.reg < 4 || instruction.hasRex);
  }
  return instruction.opcode === STORE && instruction.size === bytes;
}

/** Whether the register of a store was loaded with a constant just before. */
function storesConstant(all: readonly Placed[], index: number, code: Uint8Array): boolean {
  const { reg } = all[index]!.instruction;
  const before = all
    .slice(0, index)
    .findLast(({ at, instruction }) => writesRegister(instruction, code, at, reg));
  return before !== undefined && isConstantLoad(before.instruction);
}

/** `mov $constant, %register`. */
function isConstantLoad({ opcode }: Instruction): boolean {
  return (opcode >= 0xb0 && opcode <= 0xbf) || opcode === 0xc7;
}

/**
 * Finds where a compiled function stores a value through one of its pointer arguments: the argument
 * is copied once to a register that calls preserve, which is never written again, and there is
 * exactly one store of a register of the right size through it. Stores of constants (the value of a
 * failed read) are no such stores.
 *
 * @param code The function's machine code, x86-64, from its first byte.
 * @param argument Number of the pointer argument, from 1.
 * @param bytes Size of the value: 1, 2 or 4.
 * @returns the store, or the reason why there is no certainty
 */
export function findStore(code: Uint8Array, argument: number, bytes: number): Store | string {
  const source = ARGUMENTS[argument - 1];
  if (source === undefined) return 'the argument is not in a register';
  const all = instructions(code);
  const copies = all.flatMap((placed) => {
    const copy = copyOf(placed, source);
    return copy !== undefined && PRESERVED.has(copy) ? [{ placed, copy }] : [];
  });
  const [first, second] = copies;
  if (first === undefined || second !== undefined) {
    return 'its machine code does not keep the pointer in one register';
  }
  const pointer = first.copy;
  const written = all.filter(({ at, instruction }) =>
    writesRegister(instruction, code, at, pointer),
  );
  if (written.length !== 1) return 'its machine code uses the register of the pointer again';
  const stores = all.filter(
    ({ instruction }, index) =>
      isStore(instruction, pointer, bytes) && !storesConstant(all, index, code),
  );
  if (stores.length !== 1) return `its machine code has ${stores.length} stores of the value`;
  const { at, instruction } = stores[0]!;
  return { offset: at, register: REGISTERS[instruction.reg]! };
}
