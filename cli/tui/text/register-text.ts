/** A register of configuration space by its name, with the names of the bits that are set. */
import { type Bits, REGISTER_BITS, type Register } from '../../../analysis/index.js';
import { hex } from './event-values.js';

/** As `command = 0x0406 (memory master)`; the value is padded to the length of the access. */
export function registerText(
  register: Register | null,
  offset: number,
  length: number,
  value: bigint | null,
): string {
  if (register === null) return valueText(hex(offset), length, value);
  const [first, bytes, name] = register;
  const where = offset === first ? name : `${name}+${offset - first}`;
  const bits = offset === first && value !== null ? bitsText(name, bytes, value) : '';
  return `${valueText(where, length, value)}${bits}`;
}

const valueText = (where: string, length: number, value: bigint | null): string =>
  value === null ? where : `${where} = 0x${value.toString(16).padStart(length * 2, '0')}`;

function bitsText(register: string, bytes: number, value: bigint): string {
  if (!Object.hasOwn(REGISTER_BITS, register)) return '';
  const names = setBits(REGISTER_BITS[register], value & ((1n << BigInt(bytes * 8)) - 1n));
  return names.length === 0 ? '' : ` (${names.join(' ')})`;
}

/** Names of the fields that are not 0; a field of several bits has its number after the name. */
function setBits(bits: Bits, value: bigint): string[] {
  return Object.entries(bits).flatMap(([bit, field]) => {
    const [name, width] = typeof field === 'string' ? [field, 1] : field;
    const number = (value >> BigInt(bit)) & ((1n << BigInt(width)) - 1n);
    if (number === 0n) return [];
    return [width === 1 ? name : `${name}${number}`];
  });
}
