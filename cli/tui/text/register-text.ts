/** A register of configuration space by its name. */
import { hex } from './event-values.js';

/** As `0x04 = 0x6`; the value is padded to the length of the access. */
export function registerText(offset: number, length: number, value: bigint | null): string {
  const where = hex(offset);
  return value === null ? where : `${where} = 0x${value.toString(16).padStart(length * 2, '0')}`;
}
