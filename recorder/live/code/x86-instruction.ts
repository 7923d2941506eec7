/**
 * A decoder of x86-64 instructions for compiled kernel functions without vector code: length,
 * register operands, and written register (Intel SDM volume 2, appendix A). It refuses unknown
 * instructions.
 */

/** General registers by their numbers, under the names that kprobe events use. */
export const REGISTERS = [
  ...['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
] as const;

export interface Instruction {
  readonly length: number;
  /** The opcode; plus 0x100 after a 0x0f byte. */
  readonly opcode: number;
  /** Operand size in bytes, of instructions that are no byte instructions. */
  readonly size: 2 | 4 | 8;
  readonly hasRex: boolean;
  /** The `reg` operand, or the opcode's extension. */
  readonly reg: number;
  /** The `r/m` operand when it is a register. */
  readonly rmRegister: number | undefined;
  /** The base register when `r/m` is memory at exactly what a register holds. */
  readonly memoryAt: number | undefined;
}

const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0xf0, 0xf2, 0xf3]);

type Immediate = 0 | 1 | 2 | 4 | 8;
interface Form {
  readonly modrm: boolean;
  readonly immediate: Immediate;
}

const form = (modrm: boolean, immediate: Immediate = 0): Form => ({ modrm, immediate });

const between = (value: number, low: number, high: number) => value >= low && value <= high;

/** Immediates that shrink to two bytes with the operand size prefix are listed as 4. */
function oneByteForm(opcode: number): Form | undefined {
  if (opcode < 0x40) {
    const low = opcode & 7;
    if (low < 4) return form(true);
    if (low === 4) return form(false, 1);
    return low === 5 ? form(false, 4) : undefined;
  }
  if (between(opcode, 0x50, 0x5f) || between(opcode, 0x90, 0x99)) return form(false);
  if (opcode === 0x63 || between(opcode, 0x84, 0x8f)) return form(true);
  if (opcode === 0x68 || opcode === 0xa9) return form(false, 4);
  if (opcode === 0x69 || opcode === 0x81 || opcode === 0xc7) return form(true, 4);
  if (opcode === 0x6a || opcode === 0xa8 || opcode === 0xeb) return form(false, 1);
  if (between(opcode, 0x70, 0x7f) || between(opcode, 0xb0, 0xb7)) return form(false, 1);
  if ([0x6b, 0x80, 0x83, 0xc0, 0xc1, 0xc6].includes(opcode)) return form(true, 1);
  if (between(opcode, 0x9c, 0x9f) || between(opcode, 0xa4, 0xa7)) return form(false);
  if (between(opcode, 0xaa, 0xaf) || between(opcode, 0xf8, 0xfd)) return form(false);
  if (between(opcode, 0xb8, 0xbf)) return form(false, 4);
  if (opcode === 0xc2) return form(false, 2);
  if ([0xc3, 0xc9, 0xcc, 0xf4].includes(opcode)) return form(false);
  if (between(opcode, 0xd0, 0xd3) || opcode === 0xfe || opcode === 0xff) return form(true);
  if (opcode === 0xe8 || opcode === 0xe9) return form(false, 4);
  if (opcode === 0xf6 || opcode === 0xf7) return form(true);
  return undefined;
}

function twoByteForm(opcode: number): Form | undefined {
  if ([0x05, 0x06, 0x08, 0x09, 0x0b, 0x30, 0x31, 0x32, 0xa2].includes(opcode)) return form(false);
  if (between(opcode, 0x80, 0x8f)) return form(false, 4);
  if (between(opcode, 0xc8, 0xcf)) return form(false);
  if ([0xa4, 0xac, 0xba].includes(opcode)) return form(true, 1);
  if ([0x00, 0x01, 0x0d, 0xa3, 0xa5, 0xab, 0xad, 0xae, 0xaf].includes(opcode)) return form(true);
  if (between(opcode, 0x18, 0x1f) || between(opcode, 0x40, 0x4f)) return form(true);
  if (between(opcode, 0x90, 0x9f) || between(opcode, 0xb0, 0xb8)) return form(true);
  if (between(opcode, 0xbb, 0xc1) || opcode === 0xc7) return form(true);
  return undefined;
}

/** Decodes the instruction at `start`; undefined when it is unknown or cut. */
export function decodeInstruction(code: Uint8Array, start: number): Instruction | undefined {
  let at = start;
  let word = false;
  while (code[at] === 0x66 || PREFIXES.has(code[at]!)) word = code[at++] === 0x66 || word;
  const rex = between(code[at] ?? 0, 0x40, 0x4f) ? code[at++]! : 0;
  const wide = (rex & 8) !== 0;
  const escaped = code[at] === 0x0f;
  if (escaped) at++;
  const byte = code[at++];
  if (byte === undefined) return undefined;
  const shape = escaped ? twoByteForm(byte) : oneByteForm(byte);
  if (!shape) return undefined;
  const opcode = byte + (escaped ? 0x100 : 0);
  const operands = shape.modrm ? modrm(code, at, rex) : NO_OPERANDS;
  at += operands.length;
  at += immediateLength(opcode, shape.immediate, operands.reg & 7, word, wide);
  if (at > code.length) return undefined;
  const { reg, rmRegister, memoryAt } = operands;
  const size = wide ? 8 : word ? 2 : 4;
  return { length: at - start, opcode, size, hasRex: rex !== 0, reg, rmRegister, memoryAt };
}

function immediateLength(
  opcode: number,
  immediate: Immediate,
  extension: number,
  word: boolean,
  wide: boolean,
): number {
  // The group of `test`, `not`, `neg`, … has an immediate for `test` only.
  if (opcode === 0xf6) return extension < 2 ? 1 : 0;
  if (opcode === 0xf7) return extension < 2 ? (word ? 2 : 4) : 0;
  if (between(opcode, 0xb8, 0xbf) && wide) return 8;
  const branch = opcode === 0xe8 || opcode === 0xe9 || opcode >= 0x100;
  return immediate === 4 && word && !branch ? 2 : immediate;
}

interface Operands {
  readonly length: number;
  readonly reg: number;
  readonly rmRegister: number | undefined;
  readonly memoryAt: number | undefined;
}

const NO_OPERANDS: Operands = { length: 0, reg: 0, rmRegister: undefined, memoryAt: undefined };

function modrm(code: Uint8Array, at: number, rex: number): Operands {
  const byte = code[at] ?? 0;
  const [mode, low] = [byte >> 6, byte & 7];
  const reg = ((byte >> 3) & 7) | ((rex & 4) << 1);
  const base = low | ((rex & 1) << 3);
  if (mode === 3) return { length: 1, reg, rmRegister: base, memoryAt: undefined };
  const sib = low === 4 ? (code[at + 1] ?? 0) : undefined;
  const absolute = mode === 0 && (sib === undefined ? low === 5 : (sib & 7) === 5);
  const displacement = mode === 1 ? 1 : mode === 2 || absolute ? 4 : 0;
  const length = 1 + (sib === undefined ? 0 : 1) + displacement;
  // (%r12) needs a second byte without index, and (%rbp), (%r13) a displacement of zero.
  const plain = sib === undefined || (((sib >> 3) & 7) === 4 && (rex & 2) === 0);
  const register = sib === undefined ? base : (sib & 7) | ((rex & 1) << 3);
  const offset = displacement === 1 ? code[at + length - 1] : displacement;
  const memoryAt = plain && !absolute && offset === 0 ? register : undefined;
  return { length, reg, rmRegister: undefined, memoryAt };
}

/** Opcodes of one byte that write their `reg` operand. */
function writesReg(opcode: number): boolean {
  if (opcode < 0x38) return (opcode & 7) === 2 || (opcode & 7) === 3;
  if ([0x63, 0x69, 0x6b, 0x86, 0x87, 0x8a, 0x8b, 0x8d].includes(opcode)) return true;
  if (between(opcode, 0x140, 0x14f)) return true;
  return [0x1af, 0x1b6, 0x1b7, 0x1b8, 0x1bc, 0x1bd, 0x1be, 0x1bf, 0x1c0, 0x1c1].includes(opcode);
}

/** Whether the `r/m` operand, when it is a register, is written. */
function writesRm({ opcode, reg }: Instruction): boolean {
  if (opcode < 0x38) return (opcode & 7) < 2;
  if (opcode === 0x80 || opcode === 0x81 || opcode === 0x83) return (reg & 7) !== 7;
  if ([0x86, 0x87, 0x88, 0x89, 0x8f, 0xc0, 0xc1, 0xc6, 0xc7].includes(opcode)) return true;
  if (between(opcode, 0xd0, 0xd3) || between(opcode, 0x190, 0x19f)) return true;
  if (opcode === 0xf6 || opcode === 0xf7) return (reg & 7) === 2 || (reg & 7) === 3;
  if (opcode === 0xfe || opcode === 0xff) return (reg & 7) < 2;
  return [0x1a4, 0x1a5, 0x1ab, 0x1ac, 0x1ad, 0x1b0, 0x1b1, 0x1b3, 0x1ba, 0x1bb].includes(opcode);
}

/** Whether an instruction writes a register that a call preserves; `pop` is left out. */
export function writesRegister(
  instruction: Instruction,
  code: Uint8Array,
  at: number,
  register: number,
): boolean {
  const { opcode, reg, rmRegister, length } = instruction;
  if (between(opcode, 0xb0, 0xbf) || between(opcode, 0x91, 0x97)) {
    // The register is in the opcode; its fourth bit in the prefix before it.
    const place = code.subarray(at, at + length).indexOf(opcode);
    const prefix = place > 0 ? code[at + place - 1]! : 0;
    const high = between(prefix, 0x40, 0x4f) ? (prefix & 1) << 3 : 0;
    return ((opcode & 7) | high) === register;
  }
  if (writesReg(opcode) && reg === register) return true;
  return rmRegister === register && writesRm(instruction);
}
